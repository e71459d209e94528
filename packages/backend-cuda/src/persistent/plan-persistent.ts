import { type MemoryRange, type Operand, overlap, type ProgramMemory } from '@hybra/spec';
import type { Launch } from '../launch/launch.js';
import type { ConvStep, Step } from '../launch/step.js';
import {
  type EncodedStep,
  encodeList,
  encodeStep,
  fewElements,
  stateRows,
  warpsPerBlock,
} from './encode-step.js';
import { foldConvolutions } from './fold-convolutions.js';

/** What the persistent kernel needs of a GPU. */
export interface PersistentHost {
  readonly multiprocessors: number;
}

/** A call's launches, and the calls that they compute. */
export interface PlannedCall {
  readonly launches: readonly Launch[];
  readonly members: readonly number[];
}

/** Sizes of native/step.cuh, native/weight-ring.cuh and native/persistent-stage.cuh. */
const mostSteps = 200;
const stepBytes = 144;
const headBytes = 24;
const blockThreads = warpsPerBlock * 32;
const mostColumns = 8192;
/** A row of x as float32 and as fixed point, units of the latter, and sums of squares. */
const rowBytes =
  (mostColumns / 4 / 32) * 33 * 16 + mostColumns * 2 + (mostColumns / 16) * 8 + (mostColumns / 64) * 4;
const mostSlots = 16;
const barrierBytes = 8 * warpsPerBlock * mostSlots;
/** Bytes of the ring that a warp has. */
const warpBytes = 18_304;
/** Dynamic shared memory of a block: a row of x, the list of steps, and every warp's ring. */
export const persistentSharedBytes =
  rowBytes + mostSteps * stepBytes + barrierBytes + warpsPerBlock * warpBytes;
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
}

/** A call that the persistent kernel has steps for. */
interface StepsOfCall {
  readonly index: number;
  readonly launches: number;
  readonly steps: readonly Exclude<Step, ConvStep>[];
  readonly accesses: Accesses;
  /** What its product convolves. */
  readonly convolution?: ConvStep | undefined;
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
  const folds = foldConvolutions(memory, planned);
  const isFolded = new Set([...folds.values()].map(({ product }) => product));
  let run = emptyRun();
  const finish = (): void => {
    const isWorthwhile = run.isLarge ? run.launches >= fewestLaunches : run.launches >= 2;
    if (isWorthwhile) {
      for (const call of run.calls) result[call] = [];
      result[run.calls.at(-1)!] = [launchOf(run, host)];
    }
    run = emptyRun();
  };
  for (const [index, { launches }] of planned.entries()) {
    // A product that convolves comes with the recurrence that reads it: nothing stands between them.
    if (launches.length === 0 || isFolded.has(index)) continue;
    const fold = folds.get(index);
    const calls = [fold?.product, index].filter((each) => each !== undefined);
    const known = calls.map((each) => stepsOfCall(memory, planned, each, fold?.convolution, workers));
    if (known.some((each) => each === undefined)) {
      if (conflicts(run.all, joined(calls.map((each) => accessesOf(memory, planned[each]!.members)))))
        finish();
      continue;
    }
    const each = known as StepsOfCall[];
    const all = each.flatMap(({ steps }) => steps);
    const isReadEarly = [...all, fold?.convolution]
      .flatMap((step) => (step ? readBeforeBarrier(step) : []))
      .some((operand) => run.all.writes.some((write) => overlap(write, memory.rangeOf(operand))));
    if (isReadEarly || run.steps.length + all.length > mostSteps) finish();
    for (const call of each) append(run, call, workers);
  }
  finish();
  return result;
}

function emptyRun(): Run {
  return { calls: [], steps: [], launches: 0, isLarge: false, all: { reads: [], writes: [] }, recent: [] };
}

/** The steps of a call, if it consists of nothing else; a recurrence only after a product that convolves for it. */
function stepsOfCall(
  memory: ProgramMemory,
  planned: readonly PlannedCall[],
  index: number,
  convolution: ConvStep | undefined,
  workers: number,
): StepsOfCall | undefined {
  const { launches, members } = planned[index]!;
  const all = launches.map((launch) => (launch.kind === 'kernel' ? launch.step : undefined));
  const steps = convolution ? all.filter((step) => step !== convolution) : all;
  const isKnown = steps.every((step) => {
    if (step?.op === 'ssd') return convolution !== undefined && stateRows(step, workers) !== undefined;
    return step !== undefined && step.op !== 'conv';
  });
  if (!isKnown) return undefined;
  const own = accessesOf(memory, members);
  const convolves = steps[0]?.op === 'product' ? convolution : undefined;
  return {
    index,
    launches: launches.length,
    steps: steps as Exclude<Step, ConvStep>[],
    accesses: convolves ? joined([own, accessesOfConvolution(memory, convolves)]) : own,
    convolution: convolves,
  };
}

/** What a step asks for before it waits: nothing of the same launch may write it before. */
function readBeforeBarrier(step: Step): readonly Operand[] {
  if (step.op === 'product') {
    const { weight, normWeight } = step;
    const quantized = weight.kind === 'bf16' ? [] : [weight.scales, weight.zeros];
    return [weight.codes, normWeight, ...quantized].filter((operand) => operand !== undefined);
  }
  if (step.op === 'conv') return [step.weight, step.bias, step.tails, step.slots];
  if (step.op !== 'ssd') return [];
  return [step.slots, step.states, step.A, step.bias, step.skip].filter((operand) => operand !== undefined);
}

function append(run: Run, call: StepsOfCall, workers: number): void {
  const { index, launches, steps, accesses, convolution } = call;
  const isLocal = steps.every((step) => step.op === 'elements' && step.count <= fewElements);
  // Steps of the last block alone follow each other without a barrier.
  const isWaiting = run.recent.some((each) => !(each.isLocal && isLocal) && conflicts(each, accesses));
  if (isWaiting) run.recent = [];
  for (const [at, step] of steps.entries()) {
    run.steps.push(encodeStep(step, isWaiting && at === 0, workers, convolution));
  }
  run.calls.push(index);
  run.launches += launches;
  run.isLarge ||= !isLocal;
  run.all.reads.push(...accesses.reads);
  run.all.writes.push(...accesses.writes);
  run.recent.push({ ...accesses, isLocal });
}

function joined(all: readonly Accesses[]): Accesses {
  return { reads: all.flatMap(({ reads }) => reads), writes: all.flatMap(({ writes }) => writes) };
}

function accessesOfConvolution(memory: ProgramMemory, convolution: ConvStep): Accesses {
  const { weight, bias, tails, slots, lengths } = convolution;
  const ranges = [weight, bias, tails, slots, lengths].map((operand) => memory.rangeOf(operand));
  return { reads: ranges, writes: [memory.rangeOf(tails)] };
}

function accessesOf(memory: ProgramMemory, members: readonly number[]): Accesses {
  return joined(members.map((member) => memory.accesses[member]!));
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
    parameters: encodeList(steps, warpBytes, mostSlots),
    parameterBytes: headBytes + mostSteps * stepBytes,
  };
}
