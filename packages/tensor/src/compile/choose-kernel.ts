import {
  contiguousStrides,
  type Device,
  formatType,
  HybraError,
  isContiguous,
  type KernelTraits,
} from '@hybra/spec';
import type { Tensor } from '../graph/tensor.js';
import type { CallNode } from '../graph/value.js';
import { copy } from '../ops/array/copy.js';
import { opDefinitions } from '../ops/index.js';

/** How one recorded call will run: by a kernel, or by simpler calls. */
export type Choice =
  | { readonly kind: 'kernel'; readonly inputs: readonly Tensor[]; readonly traits: KernelTraits }
  | { readonly kind: 'decomposition'; readonly outputs: readonly Tensor[] };

/**
 * The whole of lowering: a native kernel, else a decomposition, else an error that says why.
 * @throws E_UNSUPPORTED_OP
 */
export function chooseKernel(node: CallNode, device: Device): Choice {
  const asIs = device.supports({ ...node, inputs: node.inputs.map(windowOf) });
  if (asIs.supported && (asIs.acceptsStrided || node.inputs.every(isContiguous))) {
    return { kind: 'kernel', inputs: node.inputs, traits: asIs };
  }
  const inputs = node.inputs.map((input) => (isContiguous(input) ? input : copy(input)));
  const packed = device.supports({ ...node, inputs: inputs.map(windowOf) });
  if (packed.supported) return { kind: 'kernel', inputs, traits: packed };

  const definition = opDefinitions[node.op];
  if (definition.decompose) {
    const outputs = definition.decompose(node.inputs, node.attributes, node.outputs);
    return { kind: 'decomposition', outputs: outputs.map((x) => (x.isWhole ? x : copy(x))) };
  }
  throw new HybraError(
    'E_UNSUPPORTED_OP',
    `${node.op}(${node.inputs.map(formatType).join(', ')}) → ${node.outputs.map(formatType).join(', ')}: ${device.name} has no kernel (${packed.reason}), and the op is mandatory. Use another device or dtype, or give the backend a kernel for it.`,
    {
      op: node.op,
      device: device.name,
      inputs: node.inputs.map(formatType),
      outputs: node.outputs.map(formatType),
      reason: packed.reason,
    },
  );
}

function windowOf(x: Tensor): {
  dtype: Tensor['dtype'];
  shape: readonly number[];
  strides: readonly number[];
  offset: number;
} {
  // Axes of extent 1 may carry any stride; kernels are asked about, and keyed by, the plain form.
  const strides = isContiguous(x) ? contiguousStrides(x.shape) : x.strides;
  return { dtype: x.dtype, shape: x.shape, strides, offset: x.offset };
}
