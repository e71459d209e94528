import type { GgufField, GgufTensorToWrite } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import type { GgufMetadata } from './gguf-metadata.js';
import type { GgufLayout } from './layout/gguf-layout.js';

/** What a GGUF file holds beside its metadata. */
export interface TensorFacts {
  readonly has: (name: string) => boolean;
  /** Rows of the token embedding. */
  readonly vocabularySize: number;
  /** Values of `rope_freqs.weight`: what each pair's frequency is divided by. */
  readonly ropeDivisors?: readonly number[] | undefined;
}

/** The metadata of a configuration. */
export interface WrittenFields {
  /** Keys without the architecture. */
  readonly fields: Readonly<Record<string, GgufField>>;
  /** With their whole keys: what readers of the format do not know. */
  readonly own?: Readonly<Record<string, GgufField>>;
  /** Tensors that are no parameters. */
  readonly tensors?: readonly GgufTensorToWrite[];
}

/** A family as GGUF knows it. */
export interface GgufArchitecture {
  /** `general.architecture` */
  readonly name: string;
  /** Families of hybra that it stands for. */
  readonly families: readonly string[];
  /** Whether a model of these families is written so. Default is every one. */
  readonly accepts?: (config: HybridConfig) => boolean;
  /** Where parameters lie. */
  readonly layout: GgufLayout;
  /** Where they lie in a file that was not written by us. Default is the same. */
  readonly layoutOf?: (metadata: GgufMetadata) => GgufLayout;
  /** The `config.json` that the metadata amounts to. @throws E_FORMAT, E_CONFIG for what hybra has not */
  readonly readConfig: (metadata: GgufMetadata, facts: TensorFacts) => Record<string, unknown>;
  /** @throws E_CONFIG for what GGUF has not; most of that shows when the fields are read again */
  readonly writeFields: (config: HybridConfig) => WrittenFields;
  /** What is multiplied into a parameter: runs of its rows and their factors. Default is nothing. */
  readonly factors?: (spec: ParameterSpec, config: HybridConfig) => readonly RowFactor[] | undefined;
  /** The configuration that is left when `factors` are in the weights. */
  readonly withoutFactors?: (config: HybridConfig) => HybridConfig;
}

/** Consecutive rows and what they are multiplied by. */
export type RowFactor = readonly [rows: number, factor: number];

/** A `u32` field. */
export function whole(value: number): GgufField {
  return { type: 'u32', value };
}

/** An `f32` field. */
export function real(value: number): GgufField {
  return { type: 'f32', value };
}

/** A `bool` field. */
export function flag(value: boolean): GgufField {
  return { type: 'bool', value };
}

/** A list of `u32`, one a block. */
export function wholes(value: readonly number[]): GgufField {
  return { type: 'array', of: 'u32', value };
}
