import { formatBytes } from '@hybra/tensor';
import type { Terminal } from '../../session/terminal.js';
import type { LossChange } from './loss-change.js';
import type { TensorPlan } from './plan-quantization.js';
import type { TensorError } from './write-quantized.js';

/** What quantising did. */
export interface QuantizeResult {
  readonly type: string;
  readonly output: string;
  readonly plan: readonly TensorPlan[];
  readonly errors: readonly TensorError[];
  /** Of the weights file written. */
  readonly bytes: number;
  readonly loss: LossChange | undefined;
}

/** Writes the result for people, or as one JSON object. */
export function report(terminal: Terminal, result: QuantizeResult, isJson: boolean): void {
  const { type, output, plan, errors, bytes, loss } = result;
  const kept = plan.filter(({ scheme }) => !scheme);
  const refused = kept.flatMap(({ entry, reason }) => (reason ? [{ name: entry.name, reason }] : []));
  const bytesBefore = plan.reduce((sum, { entry }) => sum + entry.byteLength, 0);
  const change = loss && { ...loss, change: loss.after - loss.before };
  if (isJson) {
    const keptNames = kept.map(({ entry }) => entry.name);
    const figures = {
      type,
      output,
      bytesBefore,
      bytes,
      tensors: errors,
      kept: keptNames,
      refused,
      loss: change,
    };
    terminal.out(`${JSON.stringify(figures)}\n`);
    return;
  }
  terminal.out('relative RMS error of each matrix\n');
  for (const { name, scheme, relativeError } of errors) {
    terminal.out(`${relativeError.toFixed(5)}  ${scheme.padEnd(9)} ${name}\n`);
  }
  for (const { name, reason } of refused) terminal.out(`as it was: ${name} (${reason})\n`);
  terminal.out(
    `${output}: ${type}, ${errors.length} matrices quantised, ${kept.length} tensors as they were, ${formatBytes(bytesBefore)} became ${formatBytes(bytes)}\n`,
  );
  if (change) {
    terminal.out(
      `loss ${change.before.toFixed(4)} became ${change.after.toFixed(4)} nats per token (${change.change < 0 ? '' : '+'}${change.change.toFixed(4)}), perplexity ${Math.exp(change.before).toFixed(3)} became ${Math.exp(change.after).toFixed(3)}, over ${change.tokens} tokens\n`,
    );
  }
}
