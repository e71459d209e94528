import type { Attributes, HostArray, OpCall, OpName, TensorType } from '@hybra/spec';
import { type OpCase, type OpDefinition, opDefinitions, type Tolerance } from '@hybra/tensor';
import { type LaidOut, layOut } from './lay-out.js';
import { makeElements } from './make-elements.js';
import { seedFrom } from './random-source.js';

/** A case with its data made. */
export interface PreparedCase {
  readonly op: OpName;
  readonly definition: OpDefinition;
  readonly attributes: Attributes;
  readonly declared: readonly TensorType[] | undefined;
  readonly outputs: readonly TensorType[];
  readonly tolerance: Tolerance;
  /** Row-major elements of each input. */
  readonly elements: readonly HostArray[];
  /** The inputs as the case lays them out. */
  readonly laidOut: readonly LaidOut[];
  /** The inputs side by side from offset 0. */
  readonly packed: readonly LaidOut[];
}

/** Makes a case's data from its name, and infers its outputs. @throws what inference throws */
export function prepareCase(op: OpName, opCase: OpCase): PreparedCase {
  const definition = opDefinitions[op]!;
  const attributes = opCase.attributes ?? {};
  const outputs = definition.infer(opCase.inputs, attributes, opCase.declared);
  const elements = opCase.inputs.map((input, index) =>
    makeElements(input, seedFrom(`${op}/${opCase.name}/${index}`)),
  );
  const lay = (index: number, layout: 'contiguous' | undefined): LaidOut => {
    const input = opCase.inputs[index]!;
    return layOut(elements[index]!, input, layout ?? input.layout ?? 'contiguous');
  };
  return {
    op,
    definition,
    attributes,
    declared: opCase.declared,
    outputs,
    tolerance: definition.tolerance,
    elements,
    laidOut: elements.map((_, index) => lay(index, undefined)),
    packed: elements.map((_, index) => lay(index, 'contiguous')),
  };
}

/** The call that a device is asked about. */
export function callOf({ op, outputs, attributes }: PreparedCase, inputs: readonly LaidOut[]): OpCall {
  return { op, inputs: inputs.map(({ window }) => window), outputs, attributes };
}
