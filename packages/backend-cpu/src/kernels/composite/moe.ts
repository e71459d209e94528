import { type HostArray, isHalf, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun, Scratch } from '../../kernel.js';
import { halfRuns } from '../../numbers/half-runs.js';
import { refusalUnlessFloat } from '../accept.js';
import { scratchPart } from '../scratch-part.js';
import { withHalves } from '../with-halves.js';
import { activationLoops } from './activation-loops.js';

const [up, down, gate] = [3, 4, 5];

/** A mixture of experts: the chosen experts of each row, one after the other. */
export const moeKernel: CpuKernel = withHalves(
  {
    name: 'cpu/moe',
    op: 'moe',
    supports: (call) => {
      const { D, F } = sizesOf(call);
      return (
        refusalUnlessFloat(call, call.inputs.length > gate ? [0, 2, up, down, gate] : [0, 2, up, down]) ?? {
          supported: true,
          // The inner values and a row's sum in doubles, one row of a matrix in float32.
          scratchBytes: 8 * (2 * F + D) + 8 * Math.ceil(Math.max(D, F) / 2),
        }
      );
    },
    build: moeRun,
  },
  { inputs: [up, down, gate] },
);

function sizesOf(call: OpCall): { R: number; K: number; E: number; F: number; D: number } {
  const [R, K] = call.inputs[1]!.shape as [number, number];
  const [E, F, D] = call.inputs[up]!.shape as [number, number, number];
  return { R, K, E, F, D };
}

function moeRun(call: OpCall): KernelRun {
  const { R, K, E, F, D } = sizesOf(call);
  const activate = activations[call.attributes.activation as keyof typeof activations];
  const rowOf = (index: number): RowReader => rowReader(call.inputs[index]!.dtype);
  const [upRow, downRow] = [rowOf(up), rowOf(down)];
  const gateRow = call.inputs.length > gate ? rowOf(gate) : undefined;
  return (inputs, [y], scratch) => {
    const [x, ids, weights] = inputs;
    const doubles = scratchPart(scratch, 0, 8 * (2 * F + D)).doubles;
    const row = scratchPart(scratch, 8 * (2 * F + D), 8 * Math.ceil(Math.max(D, F) / 2));
    const [inner, opened, sums] = [0, F, 2 * F];
    for (let r = 0; r < R; r++) {
      doubles.fill(0, sums, sums + D);
      for (let k = 0; k < K; k++) {
        const id = ids![r * K + k]!;
        if (id < 0 || id >= E) continue;
        product(doubles, inner, F, upRow, inputs[up]!, id * F * D, x!, r * D, D, row);
        if (gateRow) {
          product(doubles, opened, F, gateRow, inputs[gate]!, id * F * D, x!, r * D, D, row);
          activate(doubles, opened, 1, doubles, opened, F);
          for (let f = 0; f < F; f++) doubles[inner + f]! *= doubles[opened + f]!;
        } else activate(doubles, inner, 1, doubles, inner, F);
        const weight = weights![r * K + k]!;
        for (let d = 0; d < D; d++) {
          const from = (id * D + d) * F;
          doubles[sums + d]! += weight * dot(downRow(inputs[down]!, from, F, row), doubles, inner, F);
        }
      }
      for (let d = 0; d < D; d++) y![r * D + d] = doubles[sums + d]!;
    }
  };
}

const activations = {
  ...activationLoops,
  relu(x, xFrom, _xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.max(x[xFrom + i]!, 0);
  },
  relu2(x, xFrom, _xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.max(x[xFrom + i]!, 0) ** 2;
  },
} as const satisfies Record<string, (typeof activationLoops)['silu']>;

/** `count` elements of a matrix as numbers: where they are, or decoded into scratch. */
type RowReader = (matrix: HostArray, from: number, count: number, scratch: Scratch) => Row;

interface Row {
  readonly values: HostArray;
  readonly from: number;
}

function rowReader(dtype: string): RowReader {
  if (!isHalf(dtype as 'f32')) return (values, from) => ({ values, from });
  const { decode } = halfRuns[dtype as 'f16' | 'bf16'];
  return (matrix, from, count, { words, floats }) => {
    decode(matrix as Uint16Array, from, words, 0, count);
    return { values: floats, from: 0 };
  };
}

/** target[f] = matrix row f · x */
function product(
  target: Float64Array,
  targetFrom: number,
  rows: number,
  reader: RowReader,
  matrix: HostArray,
  matrixFrom: number,
  x: HostArray,
  xFrom: number,
  width: number,
  scratch: Scratch,
): void {
  for (let f = 0; f < rows; f++) {
    const row = reader(matrix, matrixFrom + f * width, width, scratch);
    target[targetFrom + f] = dot(row, x, xFrom, width);
  }
}

function dot({ values, from }: Row, x: HostArray, xFrom: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[from + i]! * x[xFrom + i]!;
  return sum;
}
