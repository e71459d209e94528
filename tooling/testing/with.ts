import { describe, test } from 'vitest';
import { type Requirement, skipReason } from './requirement.js';

declare module 'vitest' {
  interface TaskMeta {
    /** Why a suite or test is skipped; the summary lists it. */
    skipReason?: string;
  }
}

type Requirements = Requirement | readonly Requirement[];

function listOf(requirements: Requirements): readonly Requirement[] {
  return 'name' in requirements ? [requirements] : requirements;
}

function failing(reason: string): () => never {
  return () => {
    throw new Error(`HYBRA_REQUIRE forbids skipping this: ${reason}`);
  };
}

/**
 * `describe` for tests that need something a machine may lack. Where it is missing they are skipped with the
 * reason, or fail if `HYBRA_REQUIRE` names it. `body` is still called to count its tests, so load what is
 * missing in hooks or tests, not in `body` itself.
 */
export function describeWith(requirements: Requirements, name: string, body: () => void): void {
  const decision = skipReason(listOf(requirements));
  if (decision.kind === 'run') describe(name, body);
  else if (decision.kind === 'skip') {
    describe(name, { skip: true, meta: { skipReason: decision.reason } }, body);
  } else describe(name, () => test('has what it requires', failing(decision.reason)));
}

/** `test` for one test that needs something a machine may lack; see {@link describeWith}. */
export function testWith(requirements: Requirements, name: string, body: () => void | Promise<void>): void {
  const decision = skipReason(listOf(requirements));
  if (decision.kind === 'run') test(name, body);
  else if (decision.kind === 'skip') {
    test(name, { skip: true, meta: { skipReason: decision.reason } }, body);
  } else test(name, failing(decision.reason));
}
