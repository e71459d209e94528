import type { Backend, Device } from '@hybra/spec';
import { add, compile, matmul, readback, tensorOn } from '@hybra/tensor';
import { counted, type Outcome, type Section } from './section.js';

/** Rows, K and columns: every tile of few rows, with edges in each direction, K cut into spans and not. */
const sizes = [3, 16, 17, 33, 64].flatMap((M) => [[M, 4104, 4100] as const, [M, 200, 17_000] as const]);

/** Relative to the length of the row times that of the column; sums of float32 in any order. */
const tolerance = 2e-6;

/**
 * Products of a few rows of float32 with a bfloat16 weight and a residual, beside sums in doubles. The rows are
 * bfloat16 numbers, so that rounding them, as `products: 'bfloat16'` does, changes nothing.
 */
export function fewRowsSections(backend: Backend): Section[] {
  return [
    {
      name: 'sizes/few-rows',
      async run(): Promise<Outcome> {
        const device = await backend.open();
        const problems: string[] = [];
        try {
          for (const [M, K, N] of sizes) {
            const error = await largestError(device, M, K, N);
            if (!(error <= tolerance))
              problems.push(`[${M}, ${K}] x [${N}, ${K}]: ${error.toExponential(2)}`);
          }
        } finally {
          await device.dispose();
        }
        return counted(sizes.length, 0, problems);
      },
    },
  ];
}

async function largestError(device: Device, M: number, K: number, N: number): Promise<number> {
  const x = roundedNumbers(M * K);
  const w = roundedNumbers(N * K);
  const residual = roundedNumbers(M * N);
  const program = await compile({
    label: 'few rows',
    device,
    inputs: { x: { dtype: 'f32', shape: [M, K] }, residual: { dtype: 'f32', shape: [M, N] } },
    build: ({ inputs }) => {
      const weight = tensorOn(
        device,
        Uint16Array.from(w, (value) => bits(value)),
        [N, K],
        'bf16',
      );
      return { outputs: { y: add(inputs.residual!, matmul(inputs.x!, weight, { transposeB: true })) } };
    },
  });
  const { outputs } = program.run({ inputs: { x, residual } });
  const y = await readback(outputs.y!);
  let largest = 0;
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let [sum, squares] = [0, 0];
      for (let k = 0; k < K; k++) {
        const term = x[m * K + k]! * w[n * K + k]!;
        sum += term;
        squares += term * term;
      }
      const error = Math.abs(y[m * N + n]! - residual[m * N + n]! - sum);
      largest = Math.max(largest, error / (Math.sqrt(squares * K) + 1), Number.isNaN(error) ? 1 : 0);
    }
  }
  program.dispose();
  return largest;
}

function roundedNumbers(count: number): Float32Array {
  const values = new Float32Array(count).map(() => 2 * Math.random() - 1);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < count; i++) words[i] = (words[i]! >>> 16) << 16;
  return values;
}

function bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
}
