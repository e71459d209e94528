import type { Backend, Device, OpName } from '@hybra/spec';
import { type OpCase, opCases } from '@hybra/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { callOf, prepareCase } from './cases/prepare-case.js';
import { checkDecomposed, checkNative, isOptional, type Pair } from './harness/check-case.js';
import type { DeviceCheck, DeviceContext } from './suites/device-check.js';
import { lifeChecks } from './suites/life-checks.js';
import { memoryChecks } from './suites/memory-checks.js';
import { runChecks } from './suites/run-checks.js';
import { type SkipList, type SkipReasons, skipList } from './suites/skip-list.js';

/** What {@link conformance} tests. */
export interface ConformanceOptions {
  /** The backend under test. */
  readonly backend: Backend;
  /** The backend that is right by definition. */
  readonly reference: Backend;
  /** Ops to test; all of the contract when absent. */
  readonly ops?: readonly OpName[];
  /**
   * Known failures and why, by the name of a test or its beginning: `softmax`, `softmax: length 257`,
   * `softmax: length 257: decomposed`, `device: counts the bytes that are allocated`. An entry that names no
   * test fails.
   */
  readonly skip?: SkipReasons;
}

/**
 * Registers the conformance suite with vitest: what every device does, and every op on every case of its
 * definition, natively, in place, in an arena, compiled and decomposed, against the reference.
 * @example
 * // my-backend.test.ts
 * conformance({ backend: myBackend(), reference: cpu() });
 */
export function conformance(options: ConformanceOptions): void {
  const { backend, reference } = options;
  const skips = skipList(options.skip ?? {});
  const ops = options.ops ?? (Object.keys(opCases) as OpName[]);
  describe(`conformance of ${backend.name}`, async () => {
    const pair: Pair = { device: await backend.open(), reference: await reference.open() };
    afterAll(async () => {
      await pair.device.dispose();
      await pair.reference.dispose();
    });
    describe('device', () => {
      for (const check of [...lifeChecks, ...memoryChecks, ...runChecks]) {
        registerCheck(check, skips, { backend, device: pair.device });
      }
    });
    for (const op of ops) describe(op, () => registerOp(op, skips, pair));
    it('skips only tests that exist', () => {
      expect(skips.unused()).toEqual([]);
    });
  });
}

function registerCheck(check: DeviceCheck, skips: SkipList, context: DeviceContext): void {
  const reason = skips.reasonFor(['device', check.name]);
  it(check.name, async (test) => {
    if (reason !== undefined) test.skip(reason);
    await check.run(context);
  });
}

function registerOp(op: OpName, skips: SkipList, pair: Pair): void {
  const register = (opCase: OpCase, form: string, check: typeof checkNative): void => {
    const reason = skips.reasonFor([op, opCase.name, form]);
    it(`${opCase.name}: ${form}`, async (test) => {
      if (reason !== undefined) test.skip(reason);
      const finding = await check(pair, op, opCase);
      if (finding.kind === 'skipped') test.skip(finding.reason);
      else expect(finding.problems).toEqual([]);
    });
  };
  const isLeftOut = isOptional(op) && !opCases[op].some((opCase) => hasKernel(pair.device, op, opCase));
  if (isLeftOut) it('native', (test) => test.skip(`${pair.device.backend} has no kernel for ${op}`));
  for (const opCase of opCases[op]) {
    if (!isLeftOut) register(opCase, 'native', checkNative);
    if (isOptional(op)) register(opCase, 'decomposed', checkDecomposed);
  }
}

function hasKernel(device: Device, op: OpName, opCase: OpCase): boolean {
  const prepared = prepareCase(op, opCase);
  return device.supports(callOf(prepared, prepared.packed)).supported;
}
