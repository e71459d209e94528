/** Something that tests need and a machine may lack: hardware, a tool, reference files. */
export interface Requirement {
  /** Lower-case word, used in `HYBRA_REQUIRE=name,name`. */
  readonly name: string;
  /** Why it is missing, and the way out; `undefined` where it is there. */
  readonly missing: string | undefined;
}

/**
 * Asks once whether something is there.
 * @param name lower-case word, used in `HYBRA_REQUIRE`
 * @param probe gives the reason why it is missing, or `undefined`; what it throws counts as the reason
 * @example
 * const chromium = await requirement('chromium', async () => (await findChromium()) ? undefined : 'not installed');
 * describeWith(chromium, 'in a browser', () => { … });
 */
export async function requirement(
  name: string,
  probe: () => string | undefined | Promise<string | undefined>,
): Promise<Requirement> {
  try {
    return { name, missing: await probe() };
  } catch (error) {
    return { name, missing: error instanceof Error ? error.message : String(error) };
  }
}

/** What to do about tests that need `requirements`. */
export type SkipDecision =
  | { readonly kind: 'run' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'fail'; readonly reason: string };

/**
 * Decides between running, skipping with a reason, and failing because `HYBRA_REQUIRE` forbids the skip.
 * @param required names separated by commas, as in the environment variable `HYBRA_REQUIRE`
 */
export function skipReason(
  requirements: readonly Requirement[],
  required: string = process.env.HYBRA_REQUIRE ?? '',
): SkipDecision {
  const missing = requirements.filter((each) => each.missing !== undefined);
  if (missing.length === 0) return { kind: 'run' };
  const names = new Set(required.split(',').map((name) => name.trim()));
  const reason = missing.map((each) => `${each.name}: ${each.missing}`).join('; ');
  return { kind: missing.some((each) => names.has(each.name)) ? 'fail' : 'skip', reason };
}
