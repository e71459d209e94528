import { type Device, formatType, type HostArray, HybraError } from '@hybra/spec';
import { compile } from '../compile/compile.js';
import { disposeTensor, storageOf, storedTensor, storedValueOf } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import { readback } from './readback.js';

/** Options of {@link evaluate} and {@link data}. */
export interface EvaluateOptions {
  /** Where to compute what nothing ties to a device. */
  readonly device?: Device;
  readonly signal?: AbortSignal;
}

/**
 * Compiles and runs what these tensors were recorded from, once. The results are stored tensors that the
 * caller owns. For what runs often, use `compile`.
 * @throws E_ARGUMENT if no tensor is tied to a device and none is given
 */
export async function evaluate(
  tensors: readonly Tensor[],
  options: EvaluateOptions = {},
): Promise<readonly Tensor[]> {
  if (tensors.length === 0) return [];
  const device = options.device ?? tensors.find((tensor) => tensor.device)?.device;
  if (!device) {
    throw new HybraError(
      'E_ARGUMENT',
      `evaluate: ${tensors.map(formatType).join(', ')} are constants of no device. Give one: evaluate(tensors, { device }).`,
    );
  }
  const program = await compile({
    label: 'evaluate',
    device,
    ...(options.signal && { signal: options.signal }),
    build: () => ({ outputs: Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor])) }),
  });
  try {
    const { outputs } = program.run();
    return tensors.map((_, index) => {
      const output = outputs[index]!;
      const { storage } = storedValueOf(output, 'evaluate');
      const kept = storage.device.allocate(storage.buffer.byteLength, 'evaluate');
      const enqueue = (): void => storage.device.copy(storage.buffer, 0, kept, 0, kept.byteLength);
      const result = storageOf(storage.device, kept);
      if (storage.ready) {
        result.ready = storage.ready.then(enqueue);
        result.ready.catch(() => {}); // surfaces at the readback that waits for it
      } else enqueue();
      return storedTensor(output, result);
    });
  } finally {
    await program.settled();
    program.dispose();
  }
}

/**
 * The elements of a tensor, computing it first if it is only recorded: what makes a REPL feel eager.
 * @example
 * await data(add(tensorOn(device, [1, 2], [2]), 1)); // Float32Array [2, 3]
 */
export async function data(tensor: Tensor, options: EvaluateOptions = {}): Promise<HostArray> {
  if (tensor.value.kind === 'stored') return readback(tensor, options.signal);
  const [computed] = await evaluate([tensor], options);
  try {
    return await readback(computed!, options.signal);
  } finally {
    disposeTensor(computed!);
  }
}
