/** `pnpm bench:peer-models FOLDER [models…]`: the benchmark's models as GGUF files, for the peer. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufContents } from '@hybra/models';
import { exportModel } from '@hybra/train';
import { folderDirectory, writeGguf } from '@hybra/weights';
import { benchModels } from './cases.js';
import { peerModelName, peerTypes } from './peer.js';
import { randomWeights } from './random-weights.js';

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: peer-models FOLDER [models...]\n');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
for (const model of benchModels) {
  if (names.length > 0 ? !names.includes(model.name) : model.isLarge) continue;
  const checkpoint = await mkdtemp(join(tmpdir(), 'hybra-bench-'));
  try {
    const config = model.config();
    await exportModel(checkpoint, config, randomWeights(config));
    for (const [dtype, type] of Object.entries(peerTypes)) {
      const contents = await ggufContents(folderDirectory(checkpoint), type);
      const path = join(folder, peerModelName(model.name, dtype));
      await writeGguf(path, contents);
      await contents.close();
      process.stdout.write(`${path}\n`);
    }
  } finally {
    await rm(checkpoint, { recursive: true });
  }
}
