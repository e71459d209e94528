import { canFuse, elementCount, type Operand, type ProgramCall, type ProgramMemory } from '@hybra/spec';
import { f32, type Launch, type Parameter, pointer, u32 } from '../launch/launch.js';
import type { Fusion } from './fusion.js';

/** Of native/optimizer.cu: most tensors of a launch, bytes of a tensor's place, and most blocks of a tensor. */
const mostTensors = 256;
const squaredBytes = 24;
const steppedBytes = 48;
const mostBlocks = 512;
const perBlock = 4096;
const threads = 256;

const blocksOf = (operand: Operand): number =>
  Math.max(1, Math.min(mostBlocks, Math.ceil(elementCount(operand.shape) / perBlock)));

/** Every tensor's first block, and the blocks of all. */
function blocksOfAll(tensors: readonly Operand[]): {
  readonly firsts: readonly number[];
  readonly all: number;
} {
  let all = 0;
  const firsts = tensors.map((tensor) => {
    const first = all;
    all += blocksOf(tensor);
    return first;
  });
  return { firsts, all };
}

function isSame(a: Operand, b: Operand): boolean {
  return a.buffer === b.buffer && a.offset === b.offset && elementCount(a.shape) === elementCount(b.shape);
}

/** The steps of AdamW that follow each other from call `index` on as one launch. */
export function fuseAdamW(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const isStep = (call: ProgramCall | undefined): call is ProgramCall => {
    const [first] = [calls[index]!];
    return (
      call?.kernel === 'cuda/adamw-step' &&
      call.outputs.every((output, place) => isSame(output, call.inputs[place]!)) &&
      isSame(call.inputs[4]!, first.inputs[4]!) &&
      ['beta1', 'beta2', 'epsilon'].every((name) => call.attributes[name] === first.attributes[name])
    );
  };
  const members: number[] = [];
  for (let at = index; isStep(calls[at]) && members.length < mostTensors; at++) members.push(at);
  if (members.length < 2) return undefined;
  const steps = members.map((at) => calls[at]!);
  const isSound = canFuse(memory, {
    members,
    reads: steps.flatMap(({ inputs }, place) =>
      inputs.map((operand) => ({ at: members[place]!, operand })).slice(3),
    ),
    writes: steps.flatMap(({ outputs }, place) =>
      outputs.map((operand) => ({ at: members[place]!, operand, over: operand })),
    ),
    dropped: [],
  });
  if (!isSound) return undefined;
  const { beta1, beta2, epsilon } = steps[0]!.attributes as Readonly<Record<string, number>>;
  const { firsts, all } = blocksOfAll(steps.map(({ inputs }) => inputs[0]!));
  const launch: Launch = {
    kind: 'kernel',
    module: 'optimizer',
    entry: 'adamw_of_many',
    grid: [all, 1, 1],
    block: threads,
    parameterBytes: 24 + mostTensors * steppedBytes,
    parameters: [
      u32(steps.length),
      ...[beta1!, beta2!, epsilon!].map(f32),
      pointer(steps[0]!.inputs[4]),
      ...steps.flatMap(({ inputs, attributes }, place): Parameter[] => [
        ...inputs.slice(0, 4).map(pointer),
        u32(elementCount(inputs[0]!.shape)),
        u32(firsts[place]!),
        f32(attributes.decay as number),
        u32(0),
      ]),
    ],
  };
  return { members, launches: [launch] };
}

/** All sums of squares of a program and the additions that join them in order, as two launches. */
export function fuseSquares(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  if (calls[index]!.kernel !== 'cuda/sum-of-squares') return undefined;
  const squares = [...calls.keys()].filter(
    (at) => at >= index && calls[at]!.kernel === 'cuda/sum-of-squares',
  );
  if (squares.length < 2 || squares.length > mostTensors) return undefined;
  const additions: number[] = [];
  let total = squares[0]!;
  for (const at of squares.slice(1)) {
    const sum = calls.findIndex(
      (call, place) =>
        place > Math.max(at, total) &&
        call.kernel === 'cuda/add' &&
        memory.producerOf(place, call.inputs[0]!) === total &&
        memory.producerOf(place, call.inputs[1]!) === at,
    );
    if (sum < 0) return undefined;
    additions.push(sum);
    total = sum;
  }
  const members = [...squares, ...additions].sort((a, b) => a - b);
  const outputOf = (at: number) => ({ at, operand: calls[at]!.outputs[0]! });
  const isSound = canFuse(memory, {
    members,
    reads: squares.map((at) => ({ at, operand: calls[at]!.inputs[0]! })),
    writes: [...squares, total].map(outputOf),
    dropped: additions.filter((at) => at !== total).map(outputOf),
  });
  if (!isSound) return undefined;
  const { firsts, all } = blocksOfAll(squares.map((at) => calls[at]!.inputs[0]!));
  const parameters: readonly Parameter[] = [
    u32(squares.length),
    u32(0),
    pointer(calls[total]!.outputs[0]),
    ...squares.flatMap((at, place): Parameter[] => [
      pointer(calls[at]!.inputs[0]),
      pointer(calls[at]!.outputs[0]),
      u32(elementCount(calls[at]!.inputs[0]!.shape)),
      u32(firsts[place]!),
    ]),
  ];
  const unused = Array.from({ length: mostTensors - squares.length }, () => [
    pointer(undefined),
    pointer(undefined),
    u32(0),
    u32(0),
  ]).flat();
  const base = { kind: 'kernel', module: 'optimizer', block: threads } as const;
  return {
    members,
    launches: [
      {
        ...base,
        entry: 'squares_of_many',
        grid: [all, 1, 1],
        parameters,
        parameterBytes: 16 + mostTensors * squaredBytes,
      },
      {
        ...base,
        entry: 'squares_of_many_join',
        grid: [1, 1, 1],
        parameters: [...parameters, ...unused, u32(all)],
      },
    ],
  };
}
