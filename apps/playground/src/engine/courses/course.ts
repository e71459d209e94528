import type { HybridConfig } from '@hybra/models';
import type { Tokenizer } from '@hybra/tokenizer';
import type { Batch, Trainer } from '@hybra/train';
import type { Opening } from '../protocol.js';

/** Something to be learnt: the model, its batches, and how to see whether it was. */
export interface Course {
  readonly config: HybridConfig;
  readonly tokenizer: Tokenizer;
  readonly rows: number;
  /** Tokens per row. */
  readonly time: number;
  /** How the learning rate goes: recall is learnt suddenly, some time before it falls (`wsd`). */
  readonly schedule: 'cosine' | 'wsd';
  /** The batch of a step, from 0. */
  readonly batchAt: (index: number) => Batch;
  /** Share of answers that are right, where there are answers; asked for every so many steps. */
  readonly examination?: { readonly every: number; readonly accuracy: (trainer: Trainer) => Promise<number> };
  readonly opening: Opening;
}
