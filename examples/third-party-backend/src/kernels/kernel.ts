import type { Attributes } from '@hybra/spec';
import type { Elements } from '../elements.js';

/** Computes one call. */
export type Run = (inputs: readonly Elements[], outputs: readonly Elements[], attributes: Attributes) => void;

/** How an op is computed here. */
export interface Kernel {
  readonly run: Run;
  /** Outputs that may take over an input's memory. */
  readonly inPlace?: readonly (readonly [output: number, input: number])[];
}
