import type { FinishReason, SamplingOptions } from '@hybra/generate';
import type { ChatMessage } from '@hybra/tokenizer';

/** Where a checkpoint's files are. None of them leaves the machine. */
export type ModelChoice =
  /** Files at URLs that are known to exist, by file name. */
  | { readonly kind: 'bundled'; readonly name: string; readonly urls: Readonly<Record<string, string>> }
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly File[] }
  | { readonly kind: 'url'; readonly url: string };

/** What a model runs on; `automatic` takes WebGPU on real hardware, otherwise the CPU. */
export type DeviceChoice = 'automatic' | 'webgpu' | 'cpu';

/** One sub-layer of the open model, and what it remembers. */
export interface LayerFacts {
  /** As in `SequenceModel.layerKinds`. */
  readonly kind: string;
  /** Bytes of its state that do not depend on the number of tokens. */
  readonly constantBytes: number;
  /** Bytes that each token adds to its cache; 0 for a state of constant size. */
  readonly bytesPerToken: number;
}

/** A beginning to try a model with. */
export interface Opening {
  readonly text: string;
  /** What to look for in what the model writes. */
  readonly hint?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
}

/** What a page shows of an open model. */
export interface ModelFacts {
  readonly name: string;
  readonly family: string;
  /** Layers as letters: `M` Mamba, `*` attention, `-` MLP, … */
  readonly pattern: string;
  readonly parameterCount: number;
  /** Tokens; `undefined` where nothing limits it. */
  readonly contextLength: number | undefined;
  readonly layers: readonly LayerFacts[];
  readonly hasChatTemplate: boolean;
  readonly device: string;
  /** What to begin with; `undefined` where nothing is known. */
  readonly opening: Opening | undefined;
  /** What a person should know about this device; `undefined` where it is what one would wish for. */
  readonly notice: string | undefined;
}

/** A token and the text that it brought: empty where it ends in the middle of a character. */
export interface Token {
  readonly id: number;
  readonly text: string;
}

/** What is written next. */
export type Prompt =
  /** A new text; what it shares with the branch's tokens is not processed again. */
  | { readonly kind: 'text'; readonly text: string }
  /** A conversation, ended by the user's message. */
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[] }
  /** The branch as it is. */
  | { readonly kind: 'continue' };

/** Arguments of `write`. */
export interface WriteRequest {
  readonly branch: number;
  readonly prompt: Prompt;
  readonly sampling: SamplingOptions;
  /** From 1. */
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

/** Speed and memory of a text being written. */
export interface Figures {
  readonly prefillTokens: number;
  readonly prefillSeconds: number;
  /** Tokens after the first, which the prefill gives. */
  readonly decodeTokens: number;
  readonly decodeSeconds: number;
  /** Device memory in use: weights, states, programs. */
  readonly memoryBytes: number;
}

/** A look into the state after some tokens. */
export interface Look {
  /** Tokens in the state. */
  readonly position: number;
  /**
   * For each layer the norm of each head's recurrent state, rows of a large state taken together in at most 32;
   * `undefined` for layers without a state of constant size.
   */
  readonly norms: readonly (readonly number[] | undefined)[];
}

/** What happens while a text is written. */
export type WriteEvent =
  /** The tokens that the branch now begins with: `kept` of the old ones, then these. */
  | { readonly kind: 'prompt'; readonly kept: number; readonly tokens: readonly Token[] }
  | { readonly kind: 'prefill'; readonly done: number; readonly total: number }
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'look'; readonly look: Look; readonly figures: Figures };

/** How a text ended. */
export interface WriteResult {
  readonly finishReason: FinishReason;
  /** Text before a stop string that belongs to no kept token. */
  readonly tail: string;
  readonly figures: Figures;
}

/** A token that could have come, and how probable the model held it. */
export interface Alternative {
  readonly token: Token;
  /** 0 … 1, before any sampling control. */
  readonly probability: number;
}

/** A place in a branch: after its first `position` tokens. */
export interface Place {
  readonly branch: number;
  /** From 1 to the branch's length. */
  readonly position: number;
}

/** What a recurrent layer did with each token. Each array is `[count, rows]`. */
export interface InsideRecurrent {
  readonly layer: number;
  /** Heads, or means over neighbouring heads, at most 32. */
  readonly rows: number;
  /** exp(dt · A): the share of its state that stays, 0 … 1. */
  readonly kept: Float32Array;
  /** dt, from 0: how strongly the token is written. */
  readonly step: Float32Array;
  /** silu(z): what the output is multiplied by, mean over a head's channels; absent where there is none. */
  readonly gate: Float32Array | undefined;
}

/** Where an attention layer looked. */
export interface InsideAttention {
  readonly layer: number;
  readonly heads: number;
  /** `[heads, count, count]`, by query and key: 255 · √weight, so that small weights keep their digits. */
  readonly map: Uint8Array;
}

/** What happened inside the layers while tokens were processed. */
export interface Inside {
  /** Position of the first token that is told of, from 0. */
  readonly from: number;
  /** Tokens told of: the last of the text. */
  readonly count: number;
  readonly recurrent: readonly InsideRecurrent[];
  readonly attention: readonly InsideAttention[];
}

/** What a model is trained on. */
export type TrainSubject =
  /** A text, byte by byte. */
  | { readonly kind: 'text'; readonly text: string }
  /** Phone books of a few names, made up as they are needed: whose number is it? (arXiv 2406.07887, §3.3.3) */
  | { readonly kind: 'phonebook' };

/** A model to be trained from random weights. */
export interface TrainRequest {
  readonly subject: TrainSubject;
  /** From 1. */
  readonly steps: number;
  /** The highest; it warms up and falls again. */
  readonly learningRate: number;
  readonly device: DeviceChoice;
}

/** A step of a training. */
export interface TrainStep {
  /** From 1. */
  readonly step: number;
  /** Mean nats per byte of a text, per digit of a phone number; before the step. */
  readonly loss: number;
  /** Share of numbers that are right in books of names that training never shows; after some of the steps. */
  readonly accuracy?: number;
  readonly tokensPerSecond: number;
}

/** What the engine can be asked for: argument, events on the way, result. */
export interface EngineCalls {
  /** Opens a model, in place of the one before; branch 0 is empty. */
  readonly open: {
    readonly argument: { readonly model: ModelChoice; readonly device: DeviceChoice };
    readonly event: { readonly loadedBytes: number; readonly totalBytes: number };
    readonly result: ModelFacts;
  };
  /** Trains a small hybrid, in place of the model that is open; an abort ends the training early. */
  readonly train: {
    readonly argument: TrainRequest;
    readonly event: TrainStep;
    readonly result: ModelFacts;
  };
  readonly write: {
    readonly argument: WriteRequest;
    readonly event: WriteEvent;
    readonly result: WriteResult;
  };
  /** A new branch without tokens. */
  readonly begin: {
    readonly argument: null;
    readonly event: never;
    readonly result: { readonly branch: number };
  };
  /** A new branch that shares everything up to a place, and then perhaps one other token. */
  readonly fork: {
    readonly argument: Place & { readonly next?: number };
    readonly event: never;
    readonly result: { readonly branch: number };
  };
  /** Restores the state at a place: the branch's tokens after it are gone. */
  readonly rewind: { readonly argument: Place; readonly event: never; readonly result: null };
  /** What could have come after a place, most probable first. */
  readonly alternatives: {
    readonly argument: Place & { readonly count: number };
    readonly event: never;
    readonly result: readonly Alternative[];
  };
  /** What happens inside the layers, by processing the tokens up to a place once more. */
  readonly inside: {
    readonly argument: Place;
    readonly event: { readonly done: number; readonly total: number };
    readonly result: Inside;
  };
}

/** Names of the calls. */
export type CallName = keyof EngineCalls;

/** An error as it crosses from the worker: `code` is one of hybra's, or `E_INTERNAL` for a defect. */
export interface EngineFailure {
  readonly code: string;
  readonly message: string;
}

/** From the page to the worker. `call` numbers the calls. */
export type ToEngine =
  | { readonly kind: 'call'; readonly call: number; readonly name: CallName; readonly argument: unknown }
  | { readonly kind: 'abort'; readonly call: number };

/** From the worker to the page. */
export type FromEngine =
  | { readonly kind: 'event'; readonly call: number; readonly event: unknown }
  | { readonly kind: 'result'; readonly call: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly call: number; readonly failure: EngineFailure };
