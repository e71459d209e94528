import { cpu } from '@hybra/backend-cpu';
import { native } from '@hybra/backend-native';
import { type HybridConfig, initialWeights, type LayerConfig } from '@hybra/models';
import { createTrainer, measure, phonebook, schedule } from '@hybra/train';

const [dev, D, names, entries, questions, rows, steps, rate, layersText] = process.argv.slice(2);
const hiddenSize = Number(D);
const mamba2: LayerConfig = {
  kind: 'mamba2',
  heads: hiddenSize / 8,
  headSize: 16,
  stateSize: 16,
  groups: 1,
  kernelSize: 4,
  chunkSize: 32,
  projectionBias: false,
  convolutionBias: true,
  normEpsilon: 1e-5,
  normBeforeGate: false,
  timeStepLimit: [0, Infinity],
};
const mlp: LayerConfig = {
  kind: 'mlp',
  innerSize: 4 * hiddenSize,
  activation: 'gelu',
  gated: false,
  bias: false,
};
const attention: LayerConfig = {
  kind: 'attention',
  heads: hiddenSize / 16,
  keyValueHeads: hiddenSize / 32,
  headSize: 16,
  bias: false,
};
const task = phonebook({
  isReversed: false,
  digits: 2,
  names: Number(names),
  entries: Number(entries),
  measured: [Number(entries)],
  questions: Number(questions),
  rows: Number(rows),
  evaluationRows: 64,
  seed: 1,
});
const table = { M: mamba2, '-': mlp, '*': attention } as Record<string, LayerConfig>;
const config: HybridConfig = {
  family: 'mamba2-hybrid',
  vocabularySize: task.vocabularySize,
  hiddenSize,
  layers: [...layersText!].map((c) => table[c]!),
  norm: { kind: 'rms', epsilon: 1e-5 },
  isTied: true,
};
const device = await (dev === 'cpu' ? cpu() : native()).open();
const trainer = await createTrainer({
  device,
  config,
  weights: initialWeights(config, 1),
  batch: Number(rows),
  time: task.time,
});
const r = schedule({ kind: 'cosine', peak: Number(rate), steps: Number(steps) });
const t0 = performance.now();
for (let s = 0; s < Number(steps); s++) {
  const { loss } = await trainer.takeStep(task.batchAt(s), r(s + 1));
  if ((s + 1) % 50 === 0) {
    const [sc] = await measure(trainer, task);
    console.log(
      s + 1,
      loss.toFixed(3),
      'acc',
      sc!.accuracy.toFixed(2),
      'exact',
      sc!.exact.toFixed(2),
      ((performance.now() - t0) / (s + 1)).toFixed(0),
      'ms/step',
      task.time,
    );
    if (sc!.exact > 0.97) break;
  }
}
process.exit(0);
