import type { LayerConfig } from '@hybra/models';
import {
  convolvedTransformer,
  type DesignSizes,
  design,
  fourDesigns,
  smallAttention,
  smallMamba2,
} from './designs.js';
import type { Experiment } from './plan.js';
import { type CopyingOptions, copying } from './tasks/copying.js';
import { mqar } from './tasks/mqar.js';
import { phonebook } from './tasks/phonebook.js';

const rates = {
  quick: [2e-3, 4e-3, 8e-3, 1.6e-2],
  full: [1e-3, 2e-3, 4e-3, 8e-3],
} as const;

const matched =
  "Parameters are matched to the pure Mamba-2 model where there is an MLP to widen; each model's number and its state are in the results.";
const chosen =
  'The learning rate of each model is the best of its sweep with the first seed, judged on the same rows that are reported.';
const small =
  'The models are small and trained on the task itself: this is another experiment than asking a pretrained 8B model, and easier.';

/** Looking a number up in a phone book. */
export const phonebookExperiment: Experiment = {
  name: 'phonebook',
  question: 'Up to which length of a phone book can each architecture give the number of a name?',
  notes: [
    small,
    matched,
    chosen,
    'Names and numbers that are measured never occur in training. Guessing a digit is right one time in ten.',
    'To look a name up, a model has to gather its two tokens over the colon first. Mamba-2 layers have a short convolution for that; attention with RoPE takes long to find it. The Transformer with short convolutions in its attention shows that this, and not recall, is what the plain one lacks.',
  ],
  plan: (size, _data) => {
    const isQuick = size === 'quick';
    const config = {
      hiddenSize: isQuick ? 64 : 128,
      layers: 4,
      stateSize: 16,
      digits: isQuick ? 2 : 4,
      names: isQuick ? 16 : 32,
      entries: isQuick ? 12 : 24,
      measured: isQuick ? [2, 4, 8, 12, 18] : [2, 4, 8, 16, 24, 36],
      questions: isQuick ? 6 : 8,
      rows: isQuick ? 16 : 32,
      evaluationRows: isQuick ? 128 : 256,
    };
    const of = (isReversed: boolean) => (seed: number) => phonebook({ ...config, isReversed, seed });
    const sizes = { ...config, vocabularySize: of(false)(1).vocabularySize };
    const models = { ...fourDesigns(sizes), 'transformer + convolution': convolvedTransformer(sizes) };
    return {
      metric: 'exact',
      protocol: { steps: 1000, learningRates: rates[size], seeds: 3 },
      comparisons: [
        { name: 'standard', task: of(false), models },
        { name: 'reversed', task: of(true), models },
      ],
      config,
    };
  },
};

/** Multi-query associative recall over state size and width. */
export const mqarExperiment: Experiment = {
  name: 'mqar',
  question:
    'How does recall of key–value pairs depend on the size of the state and the width of the model, and what does attention change?',
  notes: [
    small,
    'Two layers without MLP, as in Zoology; parameters differ with width and state and are in the results. The hybrid is a Mamba-2 layer with the smallest state and a layer of attention without position embedding; the Transformer two layers of attention, the first with RoPE.',
    'Every token after the pairs is a question; answers are not shown. Guessing among the values that were shown is right once in as many times as there are pairs.',
    chosen,
  ],
  plan: (size) => {
    const isQuick = size === 'quick';
    const config = {
      keys: isQuick ? 64 : 256,
      time: isQuick ? 96 : 256,
      pairs: isQuick ? [4, 8, 16, 32] : [8, 16, 32, 64],
      measured: isQuick ? [4, 8, 16, 32, 48] : [8, 16, 32, 64, 96],
      rows: isQuick ? 16 : 64,
      evaluationRows: isQuick ? 128 : 512,
      /** Widths, and the state sizes of each. */
      widths: isQuick
        ? ([
            [32, [4, 16, 64]],
            [16, [16]],
          ] as const)
        : ([
            [64, [8, 32, 128]],
            [128, [32]],
          ] as const),
    };
    const models = Object.fromEntries(
      config.widths.flatMap(([hiddenSize, stateSizes], index) => {
        const sizes = (stateSize: number): DesignSizes => ({
          vocabularySize: 2 * config.keys,
          hiddenSize,
          layers: 2,
          stateSize,
        });
        const [smallest] = stateSizes;
        const state = (N: number): LayerConfig => smallMamba2(sizes(N));
        const attention = (hasRope: boolean): LayerConfig => smallAttention(sizes(0), hasRope);
        const pure = stateSizes.map(
          (N) => [`mamba2 N=${N} D=${hiddenSize}`, design(sizes(N), [state(N), state(N)])] as const,
        );
        if (index > 0) return pure;
        return [
          ...pure,
          [
            `hybrid N=${smallest} D=${hiddenSize}`,
            design(sizes(smallest!), [state(smallest!), attention(false)]),
          ] as const,
          [`transformer D=${hiddenSize}`, design(sizes(0), [attention(true), attention(false)])] as const,
        ];
      }),
    );
    return {
      metric: 'accuracy',
      protocol: { steps: isQuick ? 8000 : 1500, learningRates: rates[size], seeds: 3 },
      comparisons: [{ name: 'mqar', task: (seed) => mqar({ ...config, seed }), models }],
      config,
    };
  },
};

function copyingExperiment(
  kind: CopyingOptions['kind'],
  question: string,
  lengths: Readonly<Record<'quick' | 'full', { length: number; items: number; measured: readonly number[] }>>,
): Experiment {
  return {
    name: kind,
    question,
    notes: [
      small,
      matched,
      chosen,
      'Lengths inside and beyond those of training are told apart in the results.',
    ],
    plan: (size) => {
      const isQuick = size === 'quick';
      const config = {
        kind,
        letters: 16,
        ...lengths[size],
        hiddenSize: isQuick ? 64 : 256,
        layers: isQuick ? 4 : 8,
        stateSize: isQuick ? 16 : 64,
        rows: isQuick ? 16 : 64,
        evaluationRows: isQuick ? 128 : 512,
      };
      const task = (seed: number) => copying({ ...config, seed });
      return {
        metric: kind === 'selective-copying' ? 'accuracy' : 'exact',
        protocol: { steps: isQuick ? 400 : 20_000, learningRates: rates[size], seeds: 3 },
        comparisons: [
          { name: kind, task, models: fourDesigns({ ...config, vocabularySize: task(1).vocabularySize }) },
        ],
        config,
      };
    },
  };
}

/** Copying, selective copying and induction. */
export const copyingExperiments: readonly Experiment[] = [
  copyingExperiment(
    'copying',
    'Up to which length does each architecture copy a string, inside and beyond what it was trained on?',
    {
      quick: { length: 16, items: 0, measured: [4, 8, 16, 20, 24] },
      full: { length: 100, items: 0, measured: [25, 50, 100, 150, 200] },
    },
  ),
  copyingExperiment(
    'selective-copying',
    'Which architectures pick letters out of blanks, and at which lengths?',
    {
      quick: { length: 48, items: 6, measured: [24, 48, 72, 96] },
      full: { length: 1024, items: 16, measured: [256, 512, 1024, 2048] },
    },
  ),
  copyingExperiment(
    'induction',
    'Which architectures give what followed a special letter, at lengths beyond training?',
    {
      quick: { length: 48, items: 0, measured: [24, 48, 96, 192] },
      full: { length: 256, items: 0, measured: [128, 256, 512, 1024, 4096] },
    },
  ),
];
