/** Where a token lies on the horizontal axis that all pictures of a branch share: 0 … 1. */
export interface TokenAxis {
  /** Tokens at the right end. */
  readonly end: number;
  at(position: number): number;
}

/** An axis for this many tokens: it ends at a power of two, so that pictures seldom change their scale. */
export function tokenAxis(tokens: number): TokenAxis {
  const end = Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, tokens))));
  return { end, at: (position) => position / end };
}
