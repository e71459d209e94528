import type { DispatchOperand, Parameter } from '../../kernel.js';
import { counts } from './pool.js';

/**
 * Extents of a chunked scan. H heads of width P with states [P, N]; G groups share B and C; the sequence of T
 * positions is cut into chunks of Q.
 */
export interface SsdSizes {
  readonly batch: number;
  readonly T: number;
  readonly H: number;
  readonly P: number;
  readonly G: number;
  readonly N: number;
  readonly Q: number;
  readonly chunks: number;
  /** Slots of the pool. */
  readonly S: number;
}

/** Most positions of a chunk: one for each invocation of a workgroup. */
export const mostPositions = 128;

/** The extents as what shaders read from `p`, and how many workgroups there are. */
export function ssdParameters(sizes: SsdSizes, groups: number): readonly Parameter[] {
  return counts({ ...sizes, groups });
}

interface Part {
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Parts of the scratch, in floats: decays [batch, chunks, H, Q]; products [batch, chunks, G, Q, Q]; states. */
export function ssdScratch({ batch, chunks, H, P, G, N, Q }: SsdSizes): {
  readonly decays: Part;
  readonly products: Part;
  readonly states: Part;
  readonly byteLength: number;
} {
  let end = 0;
  const part = (floats: number): Part => {
    const byteOffset = end;
    const byteLength = Math.max(floats * 4, 4);
    end += Math.ceil(byteLength / 256) * 256;
    return { byteOffset, byteLength };
  };
  const decays = part(batch * chunks * H * Q);
  const products = part(batch * chunks * G * Q * Q);
  const states = part(batch * chunks * H * P * N);
  return { decays, products, states, byteLength: end };
}

/** A part of the scratch as floats. */
export function ssdPart(name: 'decays' | 'products' | 'states', sizes: SsdSizes): DispatchOperand {
  return {
    name,
    place: { kind: 'scratch', ...ssdScratch(sizes)[name] },
    view: 'f32',
    isWritten: true,
  };
}
