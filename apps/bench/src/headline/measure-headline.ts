import type { Device } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { type CellBytes, cellBytes, totalBytes, weightBytes } from './cell-bytes.js';
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
  const isKnown = (context: number, batch: number): boolean =>
    results.decode.some((done) => done.model === name && done.context === context && done.batch === batch);
  const groups = plan.batches
    .flatMap((batch) => {
      const contexts = plan.contexts.filter((context) => !isKnown(context, batch));
      // One sequence is split into spans by what the pools hold; many sequences fill the device anyway.
      return batch === 1
        ? contexts.map((context) => ({ batch, contexts: [context] }))
        : [{ batch, contexts }];
    })
    .filter(({ contexts }) => contexts.length > 0);
  if (prompts.length + groups.length === 0) return true;
  const begun = performance.now();
  const model = modelOnDevice(device, headlineConfig(name, plan.size), plan.stateDtype);
  await device.synchronize();
  const weights = weightBytes(model.config);
  note(`${name}: weights of ${formatBytes(weights.all)} made in ${seconds(performance.now() - begun)}`);
  try {
    for (const { batch, contexts } of groups) {
      if (performance.now() > plan.deadline) return false;
      const bytesOf = (context: number): CellBytes => cellBytes(model, { context, batch }, weights);
      const record = (context: number, seconds?: number): void => {
        const bytes = bytesOf(context);
        results.decode.push({
          model: name,
          context,
          batch,
          bytes,
          ...(seconds !== undefined && { seconds }),
        });
        plan.save();
        note(
          `${name}: context ${context}, batch ${batch}: ${seconds === undefined ? `out of memory, needs ${formatBytes(totalBytes(bytes))}` : `${(seconds * 1e3).toFixed(2)} ms a step, ${(bytes.readPerStep / seconds / 1e9).toFixed(0)} GB/s`}`,
        );
      };
      const isTooLarge = (context: number): boolean => totalBytes(bytesOf(context)) > plan.memoryBytes;
      for (const context of contexts.filter(isTooLarge)) record(context);
      const fitting = contexts.filter((context) => !isTooLarge(context));
      if (fitting.length === 0) continue;
      for await (const { context, seconds } of decodeSeconds(
        model,
        { contexts: fitting, batch },
        plan.steps,
      )) {
        record(context, seconds);
      }
    }
    for (const length of prompts) {
      if (performance.now() > plan.deadline) return false;
      const from = performance.now();
      const bytes = totalBytes(cellBytes(model, { context: length, batch: 1 }, weights));
      const speed = bytes > plan.memoryBytes ? undefined : await prefillSpeed(model, length);
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

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
