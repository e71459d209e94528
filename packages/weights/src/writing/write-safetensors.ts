import { checkTensorBytes } from './check-tensor-bytes.js';
import { planFile, type TensorOrder } from './plan-file.js';
import { replaceFile, type WriteOptions } from './replace-file.js';
import type { TensorToWrite } from './tensor-to-write.js';

/** Options of {@link writeSafetensors}. */
export interface WriteSafetensorsOptions extends WriteOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** In which the tensors lie and are asked for their bytes. Default is `sorted`. */
  readonly order?: TensorOrder;
  /** Called after each tensor with the bytes written so far, header included. */
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

/**
 * Writes a safetensors file of any size, one tensor in memory at a time, and replaces `path` only when all of it is on
 * the disk. The header stands first and names every tensor, so the descriptions are gathered before the first byte is
 * written; give `bytes` as a function to have the contents made one by one. Equal tensors give equal files. Node only.
 * @throws E_ARGUMENT, E_IO, E_ABORTED; the old file then stays
 * @example
 * await writeSafetensors('copy.safetensors', Array.from(source.entries.values(), (entry) => ({
 *   ...entry,
 *   bytes: () => source.read(entry.name),
 * })));
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const gathered: TensorToWrite[] = [];
  for await (const tensor of tensors) gathered.push(tensor);
  const plan = planFile(gathered, options.metadata ?? {}, options.order);
  const total = plan.tensors.reduce((sum, { byteLength }) => sum + byteLength, plan.head.byteLength);
  await replaceFile(
    path,
    async (append) => {
      await append(plan.head);
      let written = plan.head.byteLength;
      for (const { tensor, byteLength } of plan.tensors) {
        const bytes = typeof tensor.bytes === 'function' ? await tensor.bytes() : tensor.bytes;
        checkTensorBytes(tensor, bytes.byteLength, byteLength);
        await append(bytes);
        written += byteLength;
        options.onProgress?.(written, total);
      }
    },
    options,
  );
}
