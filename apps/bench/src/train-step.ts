import { fileURLToPath } from 'node:url';
import { ceilingMeter, native } from '@hybra/backend-native';
import { initialWeights, loadWeights, parameterCount } from '@hybra/models';
import { formatBytes } from '@hybra/tensor';
import { createTrainer } from '@hybra/train';
import { folderDirectory } from '@hybra/weights';

// The speed of a training step of the 5.2M hybrid of peers/train_loop.py on backend-native, beside the ceiling of multiply-adds: 6 operations
// for each parameter and token. Seconds of the processor are given too: on a machine that does other things as well
// they say more than the clock.
//
//     pnpm bench:train [batch] [length] [steps] [threads]
//     HYBRA_NATIVE_PRODUCTS=bfloat16 pnpm bench:train 4 256    mixed precision; the ceiling stays that of float32

const [batch = 4, time = 256, steps = 12, threads] = process.argv.slice(2).map(Number);
const options = threads === undefined ? {} : { threads };
const folder = fileURLToPath(new URL('../../../packages/model-shakespeare/model', import.meta.url));
const { config: bundled } = await loadWeights(folderDirectory(folder));
// The bundled model was once of this shape: figures stay comparable when it changes.
const config = {
  ...bundled,
  isTied: false,
  layers: bundled.layers.map((layer) => (layer.kind === 'mlp' ? { ...layer, innerSize: 768 } : layer)),
};
const parameters = parameterCount(config);

await using meter = await ceilingMeter(options);
const { operationsPerSecond } = meter.measure();
const device = await native(options).open();
const trainer = await createTrainer({ device, config, weights: initialWeights(config, 1), batch, time });
const ids = Int32Array.from({ length: batch * time }, (_, i) => (i * i * 31 + i * 7) % config.vocabularySize);
const rows = { ids, targets: ids.map((_, i) => ids[(i + 1) % ids.length]!), rows: batch, time };

const wall: number[] = [];
const processor: number[] = [];
for (let step = 0; step <= steps; step++) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await trainer.takeStep(rows, 1e-4);
  const { user, system } = process.cpuUsage(before);
  if (step === 0) continue; // the first step meets memory that is not there yet
  wall.push((performance.now() - start) / 1e3);
  processor.push((user + system) / 1e6);
}
const operations = 6 * parameters * batch * time;
const threadCount = device.capabilities.threads ?? 1;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const best = Math.min(...wall);
const { bytes, minimumBytes } = trainer.memory;
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
console.log(
  [
    `${parameters.toLocaleString('en')} parameters, ${batch} × ${time} tokens, ${threadCount} threads, products in ${process.env.HYBRA_NATIVE_PRODUCTS || 'float32'}, ceiling ${(operationsPerSecond / 1e9).toFixed(0)} GFLOP/s`,
    `a step: ${(best * 1e3).toFixed(0)} ms at best, ${(median(wall) * 1e3).toFixed(0)} ms in the middle: ${((batch * time) / best).toFixed(0)} and ${((batch * time) / median(wall)).toFixed(0)} tokens/s, ${percent(operations / best / operationsPerSecond)} of the ceiling at best`,
    `processor: ${(median(processor) * 1e3).toFixed(0)} ms a step, ${(operations / median(processor) / 1e9).toFixed(0)} GFLOP a second of one`,
    `memory: ${formatBytes(bytes)}, at least ${formatBytes(minimumBytes)}`,
  ].join('\n'),
);
trainer.dispose();
await device.dispose();
