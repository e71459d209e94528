import type { GgufField } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { GgufMetadata } from './gguf-metadata.js';
import type { FormSizes, TensorForm } from './tensor-form.js';

/** Names of a tensor in transformers' checkpoints and in GGUF; `{l}` is the number of its block. */
export type TensorRow = readonly [hub: string, gguf: string, form?: TensorForm];

/** What the header of a GGUF file says about its tensors. */
export interface TensorFacts {
  readonly has: (name: string) => boolean;
  /** Rows of the token embedding. */
  readonly vocabularySize: number;
}

/** A family as GGUF knows it. */
export interface GgufArchitecture {
  /** `general.architecture` */
  readonly name: string;
  /** Families of hybra that it stands for. */
  readonly families: readonly string[];
  readonly rows: readonly TensorRow[];
  /** The `config.json` that the metadata amounts to. @throws E_FORMAT, E_CONFIG for what hybra has not */
  readonly readConfig: (metadata: GgufMetadata, facts: TensorFacts) => Record<string, unknown>;
  /** Sizes that the forms of its tensors depend on. @throws E_FORMAT */
  readonly sizes: (metadata: GgufMetadata) => FormSizes;
  /** The metadata of a configuration, its keys without the architecture. @throws E_CONFIG for what GGUF has not */
  readonly writeFields: (config: HybridConfig) => {
    readonly fields: Readonly<Record<string, GgufField>>;
    /** With their whole keys: what readers of the format do not know. */
    readonly own?: Readonly<Record<string, GgufField>>;
    readonly sizes: FormSizes;
  };
}

/** Embedding, final norm and head, as all architectures call them. */
export function outerRows(names: { readonly embedding: string; readonly norm: string }): TensorRow[] {
  return [
    [names.embedding, 'token_embd.weight'],
    [names.norm, 'output_norm.weight'],
    ['lm_head.weight', 'output.weight'],
  ];
}

/** A `u32` field. */
export function whole(value: number): GgufField {
  return { type: 'u32', value };
}

/** An `f32` field. */
export function real(value: number): GgufField {
  return { type: 'f32', value };
}
