import { attention, cast, concat, expand, iota, type Tensor, unsqueeze } from '@hybra/tensor';
import type { PackedDocuments } from './packed-documents.js';
import type { StepContext } from './step-context.js';

/**
 * Attention within the documents of packed rows, without a cache: rows begin at their first token.
 * @param heads q `[B, T, Hq, D]`, k and v `[B, T, Hkv, D]`
 * @returns as q
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function attendDocuments(
  heads: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  { starts, lengths }: StepContext,
  { queryMarks, keyMarks }: PackedDocuments,
  options: { readonly scale: number; readonly window: number },
): Tensor {
  const { q, k, v } = heads;
  return attention(
    {
      q: marked(q, queryMarks),
      k: marked(k, keyMarks),
      v,
      slots: iota([q.shape[0]!], 0, 'i32'), // each row is its own cache
      starts,
      lengths,
    },
    { ...options, ring: false },
  );
}

/** `[B, T, H, D]` and `[B, T, M]` → `[B, T, H, D + M]` */
function marked(x: Tensor, marks: Tensor): Tensor {
  const [batch, time, heads] = x.shape as [number, number, number];
  const ofEachHead = expand(unsqueeze(marks, 2), [batch, time, heads, marks.shape[2]!]);
  return concat([x, cast(ofEachHead, x.dtype)], 3);
}
