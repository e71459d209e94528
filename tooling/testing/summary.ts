/** How one test ended. */
export type TestOutcome =
  | { readonly kind: 'passed' | 'failed' }
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string };

/** Counts of a run, and its skips grouped by reason. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly skips: readonly { readonly reason: string; readonly names: readonly string[] }[];
}

/** Counts outcomes and groups the skipped ones by reason, in order of appearance. */
export function summarise(outcomes: readonly TestOutcome[]): Summary {
  const skips = new Map<string, string[]>();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    counts[outcome.kind] += 1;
    if (outcome.kind !== 'skipped') continue;
    const names = skips.get(outcome.reason) ?? [];
    names.push(outcome.name);
    skips.set(outcome.reason, names);
  }
  return { ...counts, skips: [...skips].map(([reason, names]) => ({ reason, names })) };
}
