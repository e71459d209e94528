import { arraySignatures } from './array.js';
import { compositeSignatures } from './composite.js';
import { elementwiseSignatures } from './elementwise.js';
import { gradientSignatures } from './gradient.js';
import type { OpSignature } from './op-signature.js';
import { sequenceSignatures } from './sequence.js';

/** Every op of this version of the contract, by name. */
export const opSignatures = {
  ...elementwiseSignatures,
  ...arraySignatures,
  ...compositeSignatures,
  ...sequenceSignatures,
  ...gradientSignatures,
} as const satisfies Record<string, OpSignature>;

/** Name of an op of the contract. */
export type OpName = keyof typeof opSignatures;

/** The ops that every backend implements; all others decompose into these. */
export const mandatoryOps: readonly OpName[] = (Object.keys(opSignatures) as OpName[]).filter(
  (name) => opSignatures[name].mandatory,
);
