import { nodeModule } from '../../platform/node-module.js';
import type { TrainingEvent } from '../../trainer/train.js';
import type { TrainingLog } from '../training-log.js';
import { encodeEvent } from './encode-event.js';

/**
 * Writes losses, rate, gradient norm and speed of a training to a new event file of TensorBoard in the folder, which
 * is made. A training that goes on writes another file beside the first: TensorBoard reads all of a folder.
 * @throws E_IO where there is no Node; errors of the file system as they are
 */
export async function openTensorBoardLog(folder: string): Promise<TrainingLog> {
  const { appendFile, mkdir, writeFile } = nodeModule('node:fs/promises', 'event files');
  const { join } = nodeModule('node:path', 'event files');
  const { hostname } = nodeModule('node:os', 'event files');
  await mkdir(folder, { recursive: true });
  const started = Date.now();
  const name = `events.out.tfevents.${Math.floor(started / 1000)}.${hostname()}.${process.pid}.${started % 1000}`;
  const path = join(folder, name);
  await writeFile(path, encodeEvent({ wallTime: started / 1000, fileVersion: 'brain.Event:2' }));
  return {
    async write(event) {
      const scalars = scalarsOf(event);
      if (!scalars || !('step' in event)) return;
      await appendFile(path, encodeEvent({ wallTime: Date.now() / 1000, step: event.step, scalars }));
    },
  };
}

function scalarsOf(event: TrainingEvent): Record<string, number> | undefined {
  if (event.kind === 'evaluated') return { 'loss/validation': event.loss };
  if (event.kind !== 'step') return undefined;
  return {
    'loss/training': event.loss,
    'optimizer/learning rate': event.learningRate,
    'optimizer/gradient norm': event.norm,
    'speed/tokens per second': event.tokensPerSecond,
  };
}
