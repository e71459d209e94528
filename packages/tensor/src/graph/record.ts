import { type Attributes, type AttributeValue, type Device, HybraError, type TensorType } from '@hybra/spec';
import type { OpDefinition } from './op-definition.js';
import { Tensor } from './tensor.js';
import type { CallNode } from './value.js';

/**
 * Records one call: infers the outputs, checks that all inputs can meet on one device, freezes the node.
 * @param declared types of the outputs of ops whose inputs do not determine them (`fill`, `iota`, `cast`)
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT on the caller's stack
 */
export function record(
  definition: OpDefinition,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  declared?: readonly TensorType[],
): readonly Tensor[] {
  for (const [index, input] of inputs.entries()) {
    if (!Tensor.isInstance(input)) {
      throw new HybraError(
        'E_ARGUMENT',
        `${definition.name}: input ${index} is ${input === null ? 'null' : typeof input}, expected a Tensor. Wrap numbers with literal() or scalar().`,
        { op: definition.name, index },
      );
    }
  }
  const outputs = definition
    .infer(inputs, attributes, declared)
    .map((type) => Object.freeze({ dtype: type.dtype, shape: Object.freeze([...type.shape]) }));
  const node: CallNode = Object.freeze({
    op: definition.name,
    inputs: Object.freeze([...inputs]),
    outputs: Object.freeze(outputs),
    attributes: freezeAttributes(attributes),
    device: meetingDevice(definition.name, inputs),
  });
  return outputs.map((type, index) => new Tensor(Object.freeze({ ...type, kind: 'call', node, index })));
}

/** {@link record} for ops with one output. */
export function recordOne(
  definition: OpDefinition,
  inputs: readonly Tensor[],
  attributes?: Attributes,
  declared?: TensorType,
): Tensor {
  return record(definition, inputs, attributes, declared && [declared])[0]!;
}

function meetingDevice(op: string, inputs: readonly Tensor[]): Device | undefined {
  let found: Device | undefined;
  for (const input of inputs) {
    const device = input.device;
    if (device === undefined || device === found) continue;
    if (found !== undefined) {
      throw new HybraError(
        'E_ARGUMENT',
        `${op}: inputs lie on two devices, ${found.name} and ${device.name}. Move one with transfer(tensor, device).`,
        { op, devices: [found.name, device.name] },
      );
    }
    found = device;
  }
  return found;
}

function freezeAttributes(attributes: Attributes): Attributes {
  const frozen: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    frozen[name] = Array.isArray(value) ? Object.freeze([...value]) : value;
  }
  return Object.freeze(frozen);
}
