import { type HybridConfig, type LayerConfig, parameterCount } from '@hybra/models';
import {
  type DesignSizes,
  design,
  fourDesigns,
  matchParameters,
  smallAttention,
  smallMamba2,
  smallMlp,
} from './designs.js';
import type { Experiment, ExperimentData, Plan } from './plan.js';
import { language } from './tasks/language.js';

const notes = [
  'One small text: differences below the spread over the seeds mean nothing. The paper trained on 1.1 to 3.5 trillion tokens.',
  'The learning rate of each model is the best of its sweep with the first seed, judged on the same text that is reported.',
];

function languageExperiment(
  name: string,
  question: string,
  models: (sizes: DesignSizes) => Readonly<Record<string, HybridConfig>>,
  layers = { quick: 4, full: 12 },
): Experiment {
  return {
    name,
    question,
    notes,
    plan(size, { tokens, vocabularySize }: ExperimentData): Plan {
      const isQuick = size === 'quick';
      const config = {
        vocabularySize,
        hiddenSize: isQuick ? 64 : 384,
        layers: layers[size],
        stateSize: isQuick ? 16 : 64,
        time: isQuick ? 64 : 512,
        measured: isQuick ? [32, 64, 128] : [256, 512, 1024],
        rows: isQuick ? 8 : 32,
        evaluationTokens: isQuick ? 8192 : 65_536,
      };
      return {
        metric: 'loss',
        protocol: {
          steps: isQuick ? 300 : 3000,
          learningRates: isQuick ? [2e-3, 4e-3, 8e-3, 1.6e-2] : [3e-4, 6e-4, 1.2e-3, 2.4e-3],
          seeds: 3,
        },
        comparisons: [
          { name, task: (seed) => language({ ...config, tokens, seed }), models: models(config) },
        ],
        config,
      };
    },
  };
}

/** Mamba-2 and MLP in turn, with attention in place of Mamba-2 where `isAttention` says so; parameters matched. */
function hybrid(
  sizes: DesignSizes,
  isAttention: (mixer: number, mixers: number) => boolean,
  hasRope = false,
): HybridConfig {
  const mixers = Math.ceil(sizes.layers / 2);
  const build = (attends: (mixer: number) => boolean): HybridConfig =>
    design(
      sizes,
      Array.from({ length: sizes.layers }, (_, index): LayerConfig => {
        if (index % 2 === 1) return smallMlp(sizes);
        return attends(index / 2) ? smallAttention(sizes, hasRope) : smallMamba2(sizes);
      }),
    );
  return matchParameters(
    build((mixer) => isAttention(mixer, mixers)),
    parameterCount(build(() => false)),
  );
}

/** Mixers spread evenly, as the paper's: `count` of them attention. */
function spread(count: number): (mixer: number, mixers: number) => boolean {
  return (mixer, mixers) => Math.floor(((mixer + 1) * count) / mixers) > Math.floor((mixer * count) / mixers);
}

/** Experiments on text. */
export const languageExperiments: readonly Experiment[] = [
  languageExperiment('language', 'Which architecture of equal size predicts a text best?', fourDesigns),
  languageExperiment(
    'ratio',
    'How does the loss depend on how many of the mixers are attention?',
    (sizes) => {
      const mixers = Math.ceil(sizes.layers / 2);
      const counts = [...new Set([0, 1, 2, Math.ceil(mixers / 2), mixers])].filter(
        (count) => count <= mixers,
      );
      return Object.fromEntries(
        counts.map((count) => [`${count} of ${mixers} attention`, hybrid(sizes, spread(count))]),
      );
    },
    { quick: 8, full: 16 },
  ),
  languageExperiment(
    'placement',
    'Does it matter where the one attention layer of a hybrid stands, inside and beyond the length of training?',
    (sizes) => ({
      first: hybrid(sizes, (mixer) => mixer === 0),
      middle: hybrid(sizes, (mixer, mixers) => mixer === Math.floor(mixers / 2)),
      last: hybrid(sizes, (mixer, mixers) => mixer === mixers - 1),
    }),
    { quick: 8, full: 16 },
  ),
  languageExperiment(
    'rope',
    'Does the hybrid need position embedding in its attention, inside and beyond the length of training?',
    (sizes) => ({
      'without RoPE': hybrid(sizes, (mixer, mixers) => mixer === Math.floor(mixers / 2)),
      'with RoPE': hybrid(sizes, (mixer, mixers) => mixer === Math.floor(mixers / 2), true),
    }),
  ),
];
