/** Writes checkpoints without end: run by checkpoint.test.ts, which kills it. */
import { saveCheckpoint } from '../src/index.js';

const folder = process.argv[2]!;
for (let step = 1; ; step++) {
  const x = new Float32Array(1 << 18).fill(step);
  const bytes = new Uint8Array(x.buffer);
  await saveCheckpoint(folder, [{ name: 'x', dtype: 'f32', shape: [x.length], bytes }], {
    step,
    training: 'killed',
    tokens: 0,
  });
  if (step === 1) process.stdout.write('saved\n');
}
