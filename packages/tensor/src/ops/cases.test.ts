import { type OpName, type OpSignature, opSignatures } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { record } from '../graph/record.js';
import { Tensor } from '../graph/tensor.js';
import { opCases } from './cases.js';
import { opDefinitions } from './index.js';

const names = Object.keys(opSignatures) as OpName[];

/** A tensor of the right type; what is in it does not matter here. */
function stand(type: { dtype: Tensor['dtype']; shape: readonly number[] }): Tensor {
  return new Tensor({ kind: 'literal', dtype: type.dtype, shape: type.shape, data: new Float32Array(0) });
}

describe.each(names)('%s', (name) => {
  const definition = opDefinitions[name];

  it('is mandatory exactly when it has no decomposition', () => {
    expect(definition.name).toBe(name);
    expect(definition.decompose === undefined).toBe(opSignatures[name].mandatory);
  });

  it('has cases with names of their own', () => {
    const caseNames = opCases[name].map((opCase) => opCase.name);
    expect(caseNames.length).toBeGreaterThan(0);
    expect(new Set(caseNames).size).toBe(caseNames.length);
  });

  it('records every case, and decomposes it into the same types', () => {
    const signature: OpSignature = opSignatures[name];
    for (const opCase of opCases[name]) {
      const inputs = opCase.inputs.map(stand);
      const attributes = opCase.attributes ?? {};
      const expected = Object.keys(signature.attributes ?? {}).sort();
      expect(Object.keys(attributes).sort(), opCase.name).toEqual(expected);

      const outputs = record(definition, inputs, attributes, opCase.declared);
      const parts = definition.decompose?.(inputs, attributes, outputs) ?? outputs;
      expect(parts.map(typeOf), opCase.name).toEqual(outputs.map(typeOf));
    }
  });
});

function typeOf({ dtype, shape }: Tensor): object {
  return { dtype, shape };
}
