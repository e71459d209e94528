import { nodeModule } from '../platform/node-module.js';
import type { TrainingEvent } from '../trainer/train.js';
import type { Plot } from './html-report.js';

/** A log of a training: one JSON object per line, with the time it was written. */
export interface TrainingLog {
  write(event: TrainingEvent): Promise<void>;
}

/** Appends events to a JSONL file, which is made with its folder. @throws E_IO by way of the system's error */
export async function openTrainingLog(path: string): Promise<TrainingLog> {
  const { appendFile, mkdir } = nodeModule('node:fs/promises', 'a training log');
  await mkdir(nodeModule('node:path', 'a training log').dirname(path), { recursive: true });
  return {
    write: (event) => appendFile(path, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`),
  };
}

/**
 * Losses and learning rates of a log as plots. Steps that were done again after an interruption count once, as
 * they were done last; a line cut off by a crash is passed over.
 */
export async function plotsOfLog(path: string): Promise<Plot[]> {
  const { readFile } = nodeModule('node:fs/promises', 'a training log');
  const losses = new Map<number, number>();
  const rates = new Map<number, number>();
  const validation = new Map<number, number>();
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const event = parse(line);
    if (event?.kind === 'step') {
      losses.set(event.step, event.loss);
      rates.set(event.step, event.learningRate);
    } else if (event?.kind === 'evaluated') validation.set(event.step, event.loss);
  }
  return [
    {
      title: 'Loss',
      x: 'step',
      y: 'nats per token',
      series: [
        { label: 'training', points: [...losses] },
        { label: 'validation', points: [...validation] },
      ],
    },
    {
      title: 'Learning rate',
      x: 'step',
      y: 'learning rate',
      series: [{ label: 'rate', points: [...rates] }],
    },
  ];
}

function parse(line: string): TrainingEvent | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as TrainingEvent);
  } catch {
    return undefined;
  }
}
