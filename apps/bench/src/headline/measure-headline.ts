import { type Device, HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { cellBytes, type DecodeCell, totalBytes, weightBytes } from './cell-bytes.js';
import { decodeSeconds } from './decode-cell.js';
import { type HeadlineName, type HeadlineSize, headlineConfig } from './headline-models.js';
import type { HeadlineResults } from './headline-results.js';
import { modelOnDevice } from './model-on-device.js';
import { prefillSpeed } from './prefill-cell.js';

/** What to measure of one model. */
export interface HeadlinePlan {
  readonly name: HeadlineName;
  readonly size: HeadlineSize;
  readonly stateDtype: 'f32' | 'bf16';
  readonly contexts: readonly number[];
  readonly batches: readonly number[];
  /** Lengths of prompts. */
  readonly prefill: readonly number[];
  /** Timed steps of a cell. */
  readonly steps: number;
  /** Cells that need more are not tried. */
  readonly memoryBytes: number;
  /** When to start nothing more, by `performance.now()`. */
  readonly deadline: number;
  readonly note: (line: string) => void;
  /** Called after each cell. */
  readonly save: () => void;
}

/** Measures the cells of a model that the results do not have yet. @returns whether all of them are there */
export async function measureHeadline(
  device: Device,
  results: HeadlineResults,
  plan: HeadlinePlan,
): Promise<boolean> {
  const { name, note } = plan;
  const prompts = plan.prefill.filter(
    (length) => !results.prefill.some((done) => done.model === name && done.length === length),
  );
  const cells = plan.batches
    .flatMap((batch) => plan.contexts.map((context): DecodeCell => ({ context, batch })))
    .filter(
      ({ context, batch }) =>
        !results.decode.some(
          (done) => done.model === name && done.context === context && done.batch === batch,
        ),
    );
  if (prompts.length + cells.length === 0) return true;
  const begun = performance.now();
  const model = modelOnDevice(device, headlineConfig(name, plan.size), plan.stateDtype);
  await device.synchronize();
  const weights = weightBytes(model.config);
  note(`${name}: weights of ${formatBytes(weights.all)} made in ${seconds(performance.now() - begun)}`);
  try {
    for (const cell of cells) {
      if (performance.now() > plan.deadline) return false;
      const from = performance.now();
      const bytes = cellBytes(model, cell, weights);
      const time = await unlessTooLarge(totalBytes(bytes), plan.memoryBytes, () =>
        decodeSeconds(model, cell, plan.steps),
      );
      results.decode.push({ model: name, ...cell, bytes, ...(time !== undefined && { seconds: time }) });
      plan.save();
      note(
        `${name}: context ${cell.context}, batch ${cell.batch}: ${time === undefined ? `out of memory, needs ${formatBytes(totalBytes(bytes))}` : `${(time * 1e3).toFixed(2)} ms a step, ${(bytes.readPerStep / time / 1e9).toFixed(0)} GB/s`} (cell took ${seconds(performance.now() - from)})`,
      );
    }
    for (const length of prompts) {
      if (performance.now() > plan.deadline) return false;
      const from = performance.now();
      const bytes = totalBytes(cellBytes(model, { context: length, batch: 1 }, weights));
      const speed = await unlessTooLarge(bytes, plan.memoryBytes, () => prefillSpeed(model, length));
      results.prefill.push({
        model: name,
        length,
        ...(speed !== undefined && { tokensPerSecond: speed }),
      });
      plan.save();
      note(
        `${name}: prompt of ${length}: ${speed === undefined ? 'out of memory' : `${speed.toFixed(0)} tokens/s`} (took ${seconds(performance.now() - from)})`,
      );
    }
    return true;
  } finally {
    model.dispose();
    await device.synchronize();
  }
}

async function unlessTooLarge(
  bytes: number,
  memoryBytes: number,
  measure: () => Promise<number>,
): Promise<number | undefined> {
  if (bytes > memoryBytes) return undefined;
  try {
    return await measure();
  } catch (error) {
    if (HybraError.isInstance(error) && error.code === 'E_OUT_OF_MEMORY') return undefined;
    throw error;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
