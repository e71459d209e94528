import { HybraError } from '@hybra/spec';
import type { TokenRows } from './feed.js';

/**
 * A batch that was padded on the left for other software, as the ragged rows that `forward` takes. Padding is
 * dropped, not masked: each sequence gets exactly the state of its own tokens.
 * @param ids `[batch][length]`
 * @param attentionMask `[batch][length]`: 0 for padding, then 1
 * @throws E_SHAPE, E_ARGUMENT
 */
export function fromLeftPadded(ids: TokenRows, attentionMask: TokenRows): number[][] {
  if (ids.length !== attentionMask.length) {
    throw new HybraError(
      'E_SHAPE',
      `fromLeftPadded: ${ids.length} rows of ids, ${attentionMask.length} of the mask.`,
    );
  }
  return ids.map((row, index) => {
    const mask = attentionMask[index]!;
    const first = mask.findIndex((bit) => bit !== 0);
    const isLeftPadded =
      mask.length === row.length && first >= 0 && mask.every((bit, at) => bit === (at < first ? 0 : 1));
    if (!isLeftPadded) {
      throw new HybraError(
        'E_ARGUMENT',
        `fromLeftPadded: the mask of row ${index} must be zeros, then at least one 1, and as long as the ids (${row.length}).`,
        { row: index },
      );
    }
    return row.slice(first);
  });
}
