import { type MemoryRange, type Operand, overlap, type ProgramMemory } from '@hybra/spec';
import type { Launch } from '../launch/launch.js';
import type { ConvStep, Step } from '../launch/step.js';
import {
  type EncodedStep,
  encodeList,
  encodeStep,
  encodeTails,
  fewElements,
  stateRows,
  warpsPerBlock,
} from './encode-step.js';

/** What the persistent kernel needs of a GPU. */
export interface PersistentHost {
  readonly multiprocessors: number;
}

/** A call's launches, and the calls that they compute. */
export interface PlannedCall {
  readonly launches: readonly Launch[];
  readonly members: readonly number[];
}

/** Sizes of native/step.cuh and native/weight-ring.cuh. */
const mostSteps = 200;
const stepBytes = 144;
const blockThreads = warpsPerBlock * 32;
const ringBytes = warpsPerBlock * 3 * 3200;
const rowBytes = ((8192 / 4) * 33 * 16) / 32;
/** Dynamic shared memory of a block: a row of x, every warp's ring, and the list of steps. */
export const persistentSharedBytes = rowBytes + ringBytes + mostSteps * stepBytes;
/** Fewest launches that are worth one that occupies the whole GPU. Sums are in another order in it. */
const fewestLaunches = 8;

interface Accesses {
  readonly reads: readonly MemoryRange[];
  readonly writes: readonly MemoryRange[];
}

/** Calls that become one launch, in the place of the last. */
interface Run {
  readonly calls: number[];
  readonly steps: EncodedStep[];
  launches: number;
  isLarge: boolean;
  /** Of all its calls. */
  readonly all: Accesses & { reads: MemoryRange[]; writes: MemoryRange[] };
  /** Of those since the last barrier. */
  recent: (Accesses & { readonly isLocal: boolean })[];
  /** Of the convolution whose tails have not moved on yet. */
  tails?: { readonly convolution: ConvStep; readonly accesses: Accesses } | undefined;
}

/**
 * Replaces runs of launches that the persistent kernel has steps for by one launch each. Launches that stand between
 * and touch nothing of the run's come before it.
 */
export function planPersistent(
  memory: ProgramMemory,
  planned: readonly PlannedCall[],
  host: PersistentHost,
): readonly (readonly Launch[])[] {
  const result: (readonly Launch[])[] = planned.map(({ launches }) => launches);
  const workers = host.multiprocessors * warpsPerBlock;
  let run = emptyRun();
  const finish = (): void => {
    if (run.tails) run.steps.push(encodeTails(run.tails.convolution, false));
    const isWorthwhile = run.isLarge ? run.launches >= fewestLaunches : run.launches >= 2;
    if (isWorthwhile) {
      for (const call of run.calls) result[call] = [];
      result[run.calls.at(-1)!] = [launchOf(run, host)];
    }
    run = emptyRun();
  };
  for (const [index, { launches, members }] of planned.entries()) {
    if (launches.length === 0) continue;
    const accesses = accessesOf(memory, members);
    const steps = stepsOf(launches, workers);
    if (!steps) {
      if (conflicts(run.all, accesses)) finish();
      continue;
    }
    const isReadEarly = steps
      .flatMap(readBeforeBarrier)
      .some((operand) => run.all.writes.some((write) => overlap(write, memory.rangeOf(operand))));
    const isSecond = run.tails !== undefined && steps.some(({ op }) => op === 'ssd');
    if (isReadEarly || isSecond || run.steps.length + 2 * steps.length > mostSteps) finish();
    append(run, { index, launches: launches.length, steps, accesses }, workers);
  }
  finish();
  return result;
}

function emptyRun(): Run {
  return { calls: [], steps: [], launches: 0, isLarge: false, all: { reads: [], writes: [] }, recent: [] };
}

/** The steps of a call, if it consists of nothing else. */
function stepsOf(launches: readonly Launch[], workers: number): readonly Step[] | undefined {
  const steps = launches.map((launch) => (launch.kind === 'kernel' ? launch.step : undefined));
  const isKnown = steps.every((step, at) => {
    const next = steps[at + 1];
    if (step?.op === 'conv') return next?.op === 'ssd' && next.convolution === step;
    if (step?.op === 'ssd') return step.convolution !== undefined && stateRows(step, workers) !== undefined;
    return step !== undefined;
  });
  return isKnown ? (steps as Step[]) : undefined;
}

/** What a step asks for before it waits: nothing of the same launch may write it before. */
function readBeforeBarrier(step: Step): readonly Operand[] {
  if (step.op === 'product') {
    const { weight, normWeight } = step;
    const quantized = weight.kind === 'bf16' ? [] : [weight.scales, weight.zeros];
    return [weight.codes, normWeight, ...quantized].filter((operand) => operand !== undefined);
  }
  if (step.op !== 'ssd') return [];
  const { weight, bias, tails, slots } = step.convolution!;
  return [weight, bias, tails, slots, step.states, step.A, step.bias, step.skip].filter(
    (operand) => operand !== undefined,
  );
}

function append(
  run: Run,
  call: {
    readonly index: number;
    readonly launches: number;
    readonly steps: readonly Step[];
    readonly accesses: Accesses;
  },
  workers: number,
): void {
  const { index, launches, steps, accesses } = call;
  const isLocal = steps.every((step) => step.op === 'elements' && step.count <= fewElements);
  // Steps of the last block alone follow each other without a barrier.
  const isWaiting = run.recent.some((each) => !(each.isLocal && isLocal) && conflicts(each, accesses));
  if (isWaiting) run.recent = [];
  const from = run.steps.length;
  for (const step of steps) {
    const encoded = encodeStep(step, isWaiting && run.steps.length === from, workers);
    if (encoded) run.steps.push(encoded);
  }
  if (isWaiting && run.tails) {
    // Everyone has convolved by now.
    if (steps[0]?.op === 'product') run.steps.push(encodeTails(run.tails.convolution, true));
    else run.steps.splice(from, 0, encodeTails(run.tails.convolution, false));
    run.recent.push({ ...run.tails.accesses, isLocal: false });
    run.tails = undefined;
  }
  const convolution = steps.find((step) => step.op === 'ssd')?.convolution;
  if (convolution) run.tails = { convolution, accesses };
  run.calls.push(index);
  run.launches += launches;
  run.isLarge ||= !isLocal;
  run.all.reads.push(...accesses.reads);
  run.all.writes.push(...accesses.writes);
  run.recent.push({ ...accesses, isLocal });
}

function accessesOf(memory: ProgramMemory, members: readonly number[]): Accesses {
  const all = members.map((member) => memory.accesses[member]!);
  return { reads: all.flatMap(({ reads }) => reads), writes: all.flatMap(({ writes }) => writes) };
}

/** Whether the second may not start before the first has ended. */
function conflicts(first: Accesses, second: Accesses): boolean {
  const touch = (a: readonly MemoryRange[], b: readonly MemoryRange[]): boolean =>
    a.some((range) => b.some((other) => overlap(range, other)));
  return (
    touch(first.writes, second.reads) ||
    touch(first.writes, second.writes) ||
    touch(first.reads, second.writes)
  );
}

function launchOf({ steps, isLarge }: Run, host: PersistentHost): Launch {
  return {
    kind: 'kernel',
    module: 'persistent',
    entry: 'persistent',
    grid: [isLarge ? host.multiprocessors : 1, 1, 1],
    block: blockThreads,
    sharedBytes: persistentSharedBytes,
    parameters: encodeList(steps),
    parameterBytes: 8 + mostSteps * stepBytes,
  };
}
