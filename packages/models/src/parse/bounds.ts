/*
 * Bounds of sizes in a configuration: far above any published model, far below what overflows or exhausts memory
 * before the tensors' shapes are compared.
 */

/** Vocabulary, feed-forward width. */
export const largeSize = { low: 1, high: 2 ** 24 } as const;
/** Widths, heads, states, groups, ranks. */
export const size = { low: 1, high: 2 ** 20 } as const;
/** Layers. */
export const layerCount = { low: 1, high: 4096 } as const;
/** Taps of a convolution. */
export const kernel = { low: 2, high: 256 } as const;
/** Positions per chunk. */
export const chunk = { low: 1, high: 65_536 } as const;
/** Context lengths. */
export const contextLength = { low: 1, high: 2 ** 31 - 1 } as const;
/** Epsilons of norms. */
export const epsilon = { low: 0, high: 1 } as const;
/** Ratio of inner to outer width. */
export const expansion = { low: 1 / 1024, high: 1024 } as const;
/** Factors that streams are multiplied by. */
export const multiplier = { low: -1e6, high: 1e6 } as const;
