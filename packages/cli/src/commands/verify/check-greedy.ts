import { type Runner, startGeneration } from '@hybra/generate';
import { argmaxOf } from './differences.js';

/** How our greedy continuation compares with the golden one. */
export interface GreedyCheck {
  readonly isPassed: boolean;
  /** Our own continuation, prompt included. */
  readonly greedyIds: readonly number[];
  /** Tokens that agree before the first difference. */
  readonly agreeing: number;
  readonly total: number;
  /**
   * Positions of the golden sequence where, fed with it, we choose otherwise: the margin by which our choice
   * beats the golden token. Allowed below twice the measured logit error.
   */
  readonly differences: readonly {
    readonly position: number;
    readonly ours: number;
    readonly golden: number;
    readonly margin: number;
    readonly isAllowed: boolean;
  }[];
}

/**
 * Continues the prompt greedily with the cache, then feeds the golden continuation token by token and looks at
 * every choice: a difference counts only where the choice was clear.
 * @param logitError the measured error of the logits
 */
export async function checkGreedy(
  runner: Runner,
  golden: { readonly promptIds: readonly number[]; readonly greedyIds: readonly number[] },
  logitError: number,
): Promise<GreedyCheck> {
  const { promptIds, greedyIds } = golden;
  const total = greedyIds.length - promptIds.length;
  const generation = await startGeneration(runner, [promptIds], runner.initialState(), {
    sampling: { temperature: 0 },
    maxTokens: total,
  });
  while ((await generation.next()) !== undefined) {}
  const ours = [...promptIds, ...generation.tokens[0]!];
  (await generation.finish()).dispose();
  const firstDifference = greedyIds.findIndex((id, at) => ours[at] !== id);

  const differences: {
    position: number;
    ours: number;
    golden: number;
    margin: number;
    isAllowed: boolean;
  }[] = [];
  let { logits, state } = await runner.forward([promptIds], runner.initialState());
  for (let position = promptIds.length; position < greedyIds.length; position++) {
    const expected = greedyIds[position]!;
    const chosen = argmaxOf(logits.data);
    if (chosen !== expected) {
      const margin = logits.data[chosen]! - logits.data[expected]!;
      differences.push({
        position,
        ours: chosen,
        golden: expected,
        margin,
        isAllowed: margin < 2 * logitError,
      });
    }
    ({ logits, state } = await runner.forward([[expected]], state));
  }
  state.dispose();
  return {
    // A free run that differs must differ where the fed one does: otherwise cache and choice disagree.
    isPassed:
      differences.every(({ isAllowed }) => isAllowed) &&
      (firstDifference < 0 || differences.some(({ position }) => position === firstDifference)),
    greedyIds: ours,
    agreeing: firstDifference < 0 ? total : firstDifference - promptIds.length,
    total,
    differences,
  };
}
