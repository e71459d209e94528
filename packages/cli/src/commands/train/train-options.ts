import type { ModelOptions } from '../../session/open-session.js';

/** Options of `hybra train`. */
export interface TrainCommandOptions extends Pick<ModelOptions, 'model' | 'device'> {
  readonly data: string;
  readonly out: string;
  /** Name of a preset to train from scratch, instead of `model`. */
  readonly preset?: string;
  /** Folder with a tokenizer, or `bytes`. */
  readonly tokenizer?: string;
  readonly steps: number;
  readonly batch: number;
  readonly length: number;
  readonly accumulation: number;
  readonly learningRate: number;
  readonly schedule: 'cosine' | 'linear' | 'wsd' | 'constant';
  readonly warmup?: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly dropout: number;
  readonly optimizer: 'adamw' | 'muon';
  /** Short documents side by side in one row. */
  readonly pack?: boolean;
  readonly seed: number;
  readonly dtype: 'f32' | 'f16' | 'bf16';
  /** What matrix products multiply. */
  readonly products: 'float32' | 'bfloat16';
  readonly recompute?: boolean;
  /** Rank of LoRA; full training when absent. */
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraTargets: readonly string[];
  /** Only the initial state is trained. */
  readonly tuneState?: boolean;
  /** Part of the tokens at the end that is kept for validation. */
  readonly validation: number;
  readonly validateEvery: number;
  readonly validateWindows: number;
  readonly patience?: number;
  readonly saveEvery: number;
  readonly resume?: boolean;
  /** Folder for event files of TensorBoard. */
  readonly tensorboard?: string;
}
