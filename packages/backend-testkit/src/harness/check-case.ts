import { byteLengthOf, type Device, isContiguous, type OpName, opSignatures } from '@hybra/spec';
import type { OpCase } from '@hybra/tensor';
import { callOf, type PreparedCase, prepareCase } from '../cases/prepare-case.js';
import { checkInArena } from './check-in-arena.js';
import { difference } from './compare.js';
import { isRequired } from './expectation.js';
import { runCompiled } from './run-compiled.js';
import { type Offer, runNative } from './run-native.js';
import { withoutKernels } from './without-kernels.js';
import { Workbench } from './workbench.js';

/** What a check found: nothing to do and why, or the list of what is wrong (empty when all is well). */
export type Finding =
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'checked'; readonly kernel: string; readonly problems: readonly string[] };

/** The devices of a check. */
export interface Pair {
  readonly device: Device;
  readonly reference: Device;
}

/** IEEE 754 leaves the sign of zero open where +0 meets −0. */
const zeroSignFree: ReadonlySet<string> = new Set<OpName>(['minimum', 'maximum', 'max']);

/**
 * Runs a case by the device's own kernel, out of place and in every declared place, then through the core.
 */
export async function checkNative({ device, reference }: Pair, op: OpName, opCase: OpCase): Promise<Finding> {
  const prepared = prepareCase(op, opCase);
  const asIs = device.supports(callOf(prepared, prepared.laidOut));
  const takesAsIs =
    asIs.supported && (asIs.acceptsStrided || prepared.laidOut.every(({ window }) => isContiguous(window)));
  const inputs = takesAsIs ? prepared.laidOut : prepared.packed;
  const call = callOf(prepared, inputs);
  const offer = takesAsIs ? asIs : device.supports(call);
  if (!offer.supported) {
    if (!isRequired(call, device.capabilities)) return { kind: 'skipped', reason: offer.reason };
    return { kind: 'checked', kernel: 'none', problems: [`the op is mandatory, but: ${offer.reason}`] };
  }
  const expected = await expectedOutputs(reference, prepared);
  const bench = new Workbench(device);
  try {
    const native = await runNative(bench, call, inputs, offer);
    const problems = [...native.problems, ...differences(prepared, native.outputs, expected)];
    problems.push(...(await checkInArena(bench, call, inputs, offer, native.outputs)));
    for (const place of placesOf(prepared, offer)) {
      problems.push(...(await checkInPlace(bench, prepared, place, native.outputs)));
    }
    const compiled = await runCompiled(bench, prepared, prepared.laidOut);
    problems.push(...compiled.problems, ...differences(prepared, compiled.outputs, expected));
    if (!compiled.calls.some((each) => each.op === op && each.kernel === offer.kernel)) {
      problems.push(
        `compiled without ${offer.kernel}: ${compiled.calls.map(({ kernel }) => kernel).join(', ')}`,
      );
    }
    return { kind: 'checked', kernel: offer.kernel, problems };
  } finally {
    bench.dispose();
  }
}

/** Runs a case of an optional op through its decomposition, on the device's kernels for simpler ops. */
export async function checkDecomposed(
  { device, reference }: Pair,
  op: OpName,
  opCase: OpCase,
): Promise<Finding> {
  const prepared = prepareCase(op, opCase);
  if (!prepared.definition.decompose) return { kind: 'skipped', reason: `${op} has no decomposition` };
  const missing = [...opCase.inputs, ...prepared.outputs].find(
    ({ dtype }) => !device.capabilities.storage.includes(dtype),
  );
  if (missing) return { kind: 'skipped', reason: `${device.name} does not store ${missing.dtype}` };
  const expected = await expectedOutputs(reference, prepared);
  const bench = new Workbench(withoutKernels(device, new Set([op])));
  try {
    const compiled = await runCompiled(bench, prepared, prepared.laidOut);
    const problems = [...compiled.problems, ...differences(prepared, compiled.outputs, expected)];
    if (compiled.calls.some((call) => call.op === op)) problems.push(`${op} ran by a kernel, not decomposed`);
    return { kind: 'checked', kernel: 'decomposition', problems };
  } finally {
    bench.dispose();
  }
}

/** The reference's outputs: by its native kernel where it has one. */
async function expectedOutputs(reference: Device, prepared: PreparedCase): Promise<readonly Uint8Array[]> {
  const bench = new Workbench(reference);
  try {
    return (await runCompiled(bench, prepared, prepared.packed)).outputs;
  } finally {
    bench.dispose();
  }
}

function placesOf({ laidOut, outputs }: PreparedCase, offer: Offer): (readonly [number, number])[] {
  // As the planner sees it: two values of one size.
  return (offer.inPlace ?? []).filter(
    ([output, input]) =>
      laidOut[input] !== undefined && byteLengthOf(laidOut[input].window) === byteLengthOf(outputs[output]!),
  );
}

async function checkInPlace(
  bench: Workbench,
  prepared: PreparedCase,
  place: readonly [output: number, input: number],
  expected: readonly Uint8Array[],
): Promise<string[]> {
  const inputs = prepared.packed;
  const call = callOf(prepared, inputs);
  const offer = bench.device.supports(call);
  const isOffered =
    offer.supported && offer.inPlace?.some((other) => other[0] === place[0] && other[1] === place[1]);
  if (!isOffered) return [];
  const run = await runNative(bench, call, inputs, offer, place);
  const where = `output ${place[0]} in place of input ${place[1]}`;
  return [
    ...run.problems.map((problem) => `${where}: ${problem}`),
    // The same kernel on the same elements: not a bit may differ.
    ...differences({ ...prepared, tolerance: {} }, run.outputs, expected).map(
      (problem) => `${where}: ${problem}`,
    ),
  ];
}

function differences(
  { op, outputs, tolerance }: PreparedCase,
  got: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): string[] {
  const comparison = { tolerance, isZeroSignFree: zeroSignFree.has(op) };
  return outputs.flatMap((type, index) => {
    const found = difference(type, got[index]!, expected[index]!, comparison);
    return found === undefined ? [] : [`output ${index}: ${found}`];
  });
}

/** Whether an op may be decomposed: optional ops are checked in both forms. */
export function isOptional(op: OpName): boolean {
  return !opSignatures[op].mandatory;
}
