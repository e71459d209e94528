import type { HybridConfig } from '@hybra/models';
import type { TokenSource } from '../data/token-source.js';
import type { Task } from './task.js';

/** How long and how often each model is trained. */
export interface Protocol {
  readonly steps: number;
  /** All are tried with the first seed; the best is trained with the others too. */
  readonly learningRates: readonly number[];
  readonly seeds: number;
}

/** Models that are compared on one task. */
export interface Comparison {
  readonly name: string;
  /** The task as it is trained with a seed; what is measured is the same for all. */
  readonly task: (seed: number) => Task;
  readonly models: Readonly<Record<string, HybridConfig>>;
}

/** An experiment at one size. */
export interface Plan {
  readonly protocol: Protocol;
  readonly comparisons: readonly Comparison[];
  /** What models are ranked and plotted by. */
  readonly metric: 'exact' | 'accuracy' | 'loss';
  /** The numbers that make it up, for `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What an experiment is given. */
export interface ExperimentData {
  /** A text for the experiments on language. */
  readonly tokens: TokenSource;
  readonly vocabularySize: number;
}

/** An experiment: a question, and how it is asked at two sizes. */
export interface Experiment {
  readonly name: string;
  readonly question: string;
  /** What the reader has to know to judge the answer. */
  readonly notes: readonly string[];
  readonly plan: (size: 'quick' | 'full', data: ExperimentData) => Plan;
}
