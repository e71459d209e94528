/**
 * `pnpm bench:memory MINUTES`: generates, aborts and starts again for so long, with a new device and model every
 * twenty rounds, and says how resident memory went. Ends with 1 when it grew.
 */
import { native } from '@hybra/backend-native';
import { Runner, startGeneration } from '@hybra/generate';
import { modelFromWeights, preset } from '@hybra/models';
import { randomWeights } from './random-weights.js';

/** Rounds with one device. */
const roundsPerDevice = 20;
/** Growth from the second device to the last that counts as noise of the allocators. */
const noiseBytes = 16 * 2 ** 20;

const minutes = Number(process.argv[2] ?? 10);
const hybrid = preset('mamba2-hybrid-130m');
// The layers of the preset, narrow: what could leak does so per round, not per byte.
const config = { ...hybrid, vocabularySize: 1024, layers: hybrid.layers.slice(0, 8) };
const weights = randomWeights(config);
const deadline = performance.now() + minutes * 60_000;
const resident: number[] = [];
let [rounds, tokens, aborted] = [0, 0, 0];

while (performance.now() < deadline) {
  const device = await native().open();
  const model = await modelFromWeights(config, weights, { device, dtype: 'f32' });
  const runner = new Runner(model, { capacity: 512, contextLength: 512 });
  for (let round = 0; round < roundsPerDevice && performance.now() < deadline; round++)
    await generate(runner);
  runner.dispose();
  model.dispose();
  await device.dispose();
  globalThis.gc?.();
  resident.push(process.memoryUsage.rss());
  process.stderr.write(
    `${rounds} rounds (${aborted} aborted), ${tokens} tokens, resident ${mebibytes(resident.at(-1)!)}\n`,
  );
}

const [, settled = resident[0]!] = resident;
const growth = resident.at(-1)! - settled;
process.stdout.write(
  `${minutes} minutes, ${rounds} rounds (${aborted} aborted), ${tokens} tokens, ${resident.length} devices: ` +
    `resident ${mebibytes(settled)} after the second device, ${mebibytes(resident.at(-1)!)} at the end\n`,
);
process.exitCode = growth > noiseBytes ? 1 : 0;

/** One generation from a prompt of a length of its own; two of three are aborted somewhere. */
async function generate(runner: Runner): Promise<void> {
  rounds++;
  const prompt = Array.from({ length: 1 + ((rounds * 37) % 90) }, (_, index) => (index * 31 + rounds) % 1024);
  const controller = new AbortController();
  const stopAt = rounds % 3 === 0 ? Number.POSITIVE_INFINITY : (rounds * 17) % 48;
  const generation = await startGeneration(runner, [prompt], runner.initialState(), {
    maxTokens: 48,
    signal: controller.signal,
  });
  for (let step = 0; (await generation.next()) !== undefined; step++) {
    tokens++;
    if (step < stopAt) continue;
    controller.abort();
    aborted++;
    break;
  }
  (await generation.finish()).dispose();
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
