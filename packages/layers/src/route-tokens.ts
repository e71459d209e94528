/*
 * How a mixture of experts chooses: scores per expert, the best few of them, their weights (Shazeer et al. 2017;
 * without an auxiliary loss and in groups: DeepSeek-V3, arXiv 2412.19437, §2.1.2).
 */
import {
  add,
  cast,
  div,
  equal,
  iota,
  mul,
  reshape,
  select,
  sigmoid,
  softmax,
  sum,
  type Tensor,
  topK,
  unsqueeze,
} from '@hybra/tensor';

/** How tokens choose their experts. */
export interface RoutingOptions {
  /** Experts per token. */
  readonly chosen: number;
  /** What turns the router's outputs into scores. */
  readonly scores: 'softmax' | 'sigmoid';
  /** Whether the scores of the chosen are divided by their sum. */
  readonly isNormalized: boolean;
  /** What the scores of the chosen are multiplied by at the end. */
  readonly scale: number;
  /** Experts in equal groups, of which the best few are looked at: those whose two best add up to the most. */
  readonly groups?: { readonly count: number; readonly chosen: number } | undefined;
}

/**
 * The experts of each token and their weights.
 * @param logits `f32[R, E]` of the router
 * @param correction `f32[E]`, added to the scores to choose by, and only for that
 * @returns `ids` `i32[R, chosen]` and `weights` `f32[R, chosen]`
 */
export function routeTokens(
  logits: Tensor,
  correction: Tensor | undefined,
  options: RoutingOptions,
): { readonly ids: Tensor; readonly weights: Tensor } {
  const scores = options.scores === 'softmax' ? softmax(logits) : sigmoid(logits);
  const corrected = correction ? add(scores, correction) : scores;
  const candidates = options.groups ? withinGroups(corrected, options.groups) : corrected;
  const { indices } = topK(candidates, options.chosen); // [R, chosen]
  const raw = correction || options.groups ? scoresAt(scores, indices) : topK(scores, options.chosen).values;
  // The reference adds 1e-20, which keeps 0 / 0 from arising.
  const shares = options.isNormalized ? div(raw, add(sum(raw, [-1], { keepDims: true }), 1e-20)) : raw;
  return { ids: indices, weights: options.scale === 1 ? shares : mul(shares, options.scale) };
}

/** Scores with 0 for experts outside the best groups. */
function withinGroups(scores: Tensor, groups: { readonly count: number; readonly chosen: number }): Tensor {
  const [rows, experts] = scores.shape as [number, number];
  const grouped = reshape(scores, [rows, groups.count, -1]);
  const best = sum(topK(grouped, Math.min(2, experts / groups.count)).values, [-1]); // [R, groups]
  const { indices } = topK(best, groups.chosen);
  const isBest = equal(unsqueeze(indices, 1), unsqueeze(iota([groups.count]), -1)); // [R, groups, chosen]
  const isKept = equal(sum(cast(isBest, 'f32'), [-1], { keepDims: true }), 1); // [R, groups, 1]
  return reshape(select(isKept, grouped, 0), [rows, experts]);
}

/** `scores[r, ids[r, k]]`. */
function scoresAt(scores: Tensor, ids: Tensor): Tensor {
  const isChosen = equal(unsqueeze(ids, -1), iota([scores.shape[1]!])); // [R, chosen, E]
  return sum(select(isChosen, unsqueeze(scores, 1), 0), [-1]);
}
