import {
  embedding,
  type Layer,
  type LayerResult,
  type LayerState,
  layerNormLayer,
  linear,
  type Norm,
  nestParameters,
  type ParameterTree,
  residualBlock,
  rmsNormLayer,
  type SequenceModel,
  type StepContext,
  transferContext,
  type Weight,
} from '@hybra/layers';
import { type Device, type DType, formatType, HybraError } from '@hybra/spec';
import { cast, mul, type Tensor, tanh, transfer } from '@hybra/tensor';
import type { HybridConfig, NormConfig } from '../config/hybrid-config.js';
import { buildLayer } from './build-layer.js';
import { buildShared } from './build-shared.js';
import { type ParameterSource, parameterSource, subtree } from './parameter-source.js';

/** What a model is built from. */
export interface ModelParts {
  readonly config: HybridConfig;
  /** Tensors, and matrices that may be quantised, by folded name, each on the device of its layer. */
  readonly parameters: (name: string) => Weight;
  /** Of embedding, final norm and head. */
  readonly device: Device;
  /** One per layer. */
  readonly devices: readonly Device[];
  readonly fingerprint: string;
  /** Storage of SSM states and of cached keys and values. Default is `f32`. */
  readonly stateDtype?: DType | undefined;
  /** Runs a layer, its residual connection included: for training, which keeps less or drops out. */
  readonly runLayer?: RunLayer | undefined;
  readonly dispose: () => void;
}

/** What a layer is run on. */
export interface LayerRun {
  readonly x: Tensor;
  readonly context: StepContext;
  readonly state: LayerState;
  readonly index: number;
}

/** Runs a layer; without one `layer.forward` runs as it is. */
export type RunLayer = (layer: Layer, run: LayerRun) => LayerResult;

/** A model together with its configuration. */
export interface Model extends SequenceModel {
  readonly config: HybridConfig;
}

/** Builds the model that a configuration describes: the one builder of all families. @throws E_SHAPE, E_CONFIG */
export function buildModel(parts: ModelParts): Model {
  const { config, device, devices } = parts;
  const parameters = parameterSource(parts.parameters);
  const table = embedding(parameters.weight('embedding.weight'));
  const { multipliers = {}, logitsSoftCap: cap } = config;
  const looksBack = config.layers.some((layer) => layer.kind === 'shared');
  const blocks = config.layers.map((layer, index) => {
    const inLayer = subtree(parameters, `layers.${index}`);
    const norm = buildNorm(config.norm, subtree(inLayer, 'norm'));
    const source = { parameters: subtree(inLayer, 'mixer'), stateDtype: parts.stateDtype ?? 'f32' };
    if (layer.kind === 'shared') return buildShared(layer, source, { norm, epsilon: config.norm.epsilon });
    return residualBlock(norm, buildLayer(layer, source), { multiplier: multipliers.residual });
  });
  const runLayer: RunLayer =
    parts.runLayer ?? ((layer, { x, context, state }) => layer.forward(x, context, state));
  const finalNorm = buildNorm(config.norm, subtree(parameters, 'finalNorm'));
  const head = config.isTied ? undefined : linear(parameters.weight('head.weight'));

  return Object.freeze({
    family: config.family,
    config,
    vocabularySize: config.vocabularySize,
    contextLength: config.contextLength,
    layerKinds: Object.freeze(blocks.map((block) => block.kind)),
    fingerprint: parts.fingerprint,
    stateSpecs: Object.freeze(blocks.map((block) => block.stateSpecs)),
    devices,
    device,
    hidden,
    logits(hidden: Tensor): Tensor {
      const raw = head ? head.forward(hidden) : table.logits(hidden);
      const logits = scaled(raw.dtype === 'f32' ? raw : cast(raw, 'f32'), multipliers.logits);
      return cap === undefined ? logits : mul(tanh(mul(logits, 1 / cap)), cap);
    },
    parameters: (): ParameterTree =>
      nestParameters({
        embedding: table.parameters(),
        ...Object.fromEntries(blocks.map((block, index) => [`layers.${index}`, block.parameters()])),
        finalNorm: finalNorm.parameters(),
        ...(head && { head: head.parameters() }),
      }),
    dispose: parts.dispose,
  });

  function hidden(ids: Tensor, context: StepContext, states: readonly LayerState[]) {
    checkInputs(ids, context, states, blocks.length);
    const newStates: LayerState[] = [];
    let x = scaled(table.forward(ids), multipliers.embedding); // [B, T, D]
    const first = looksBack ? Object.freeze({ ...context, embedded: x }) : context;
    const contexts = new Map<Device, StepContext>([[device, first]]);
    let at = device;
    for (const [index, block] of blocks.entries()) {
      const next = devices[index]!;
      if (next !== at) x = transfer(x, next);
      at = next;
      const here = contexts.get(at) ?? transferContext(first, at);
      contexts.set(at, here);
      const result = runLayer(block, { x, context: here, state: states[index]!, index });
      newStates.push(result.state);
      x = result.y;
    }
    if (at !== device) x = transfer(x, device);
    return { hidden: finalNorm.forward(x), states: newStates };
  }
}

function scaled(x: Tensor, multiplier = 1): Tensor {
  return multiplier === 1 ? x : mul(x, multiplier);
}

function buildNorm(config: NormConfig, parameters: ParameterSource): Norm {
  const { epsilon } = config;
  if (config.kind === 'rms') return rmsNormLayer(parameters('weight'), { epsilon });
  return layerNormLayer(parameters('weight'), parameters('bias'), { epsilon });
}

function checkInputs(ids: Tensor, context: StepContext, states: readonly LayerState[], layers: number): void {
  const [batch, time] = context.positions.shape;
  if (ids.dtype !== 'i32' || ids.rank !== 2 || ids.shape[0] !== batch || ids.shape[1] !== time) {
    throw new HybraError(
      'E_SHAPE',
      `model: ids are ${formatType(ids)}, expected i32[${batch}, ${time}] as in the step context.`,
      { shape: ids.shape, dtype: ids.dtype },
    );
  }
  if (states.length !== layers) {
    throw new HybraError('E_SHAPE', `model: got states of ${states.length} layers, expected ${layers}.`, {
      got: states.length,
      expected: layers,
    });
  }
}
