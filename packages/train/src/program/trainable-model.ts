import type { Recomputation } from '@hybra/autograd';
import type { LayerState, StateSpec } from '@hybra/layers';
import {
  buildModel,
  foldedName,
  type HybridConfig,
  type Model,
  parameterSpecs,
  type RunLayer,
} from '@hybra/models';
import { type Device, HybraError } from '@hybra/spec';
import { add, cast, expand, fill, sub, type Tensor, type Tensors, unsqueeze } from '@hybra/tensor';
import { fold } from '../parameters/fold.js';
import type { Parameterization } from '../parameters/parameterization.js';
import { dropout, type StepStream } from './dropout.js';

/** What a model in training is built from. */
export interface TrainableParts {
  readonly config: HybridConfig;
  readonly device: Device;
  readonly parameterization: Parameterization;
  /** Tensors of the variables, by name. */
  readonly trained: Tensors;
  /** Tensors of the weights that stay. */
  readonly frozen: Tensors;
  /** Storage of matrices inside the step; the variables stay float32. Default is `f32`. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  /** Layers are recorded again in the backward pass. */
  readonly recomputation?: Recomputation | undefined;
  /** After the embedding and on what each layer adds. */
  readonly dropout?: { readonly rate: number; readonly stream: StepStream } | undefined;
}

/** The model over tensors that are trained: folds and casts are operations that gradients go through. */
export function trainableModel(parts: TrainableParts): Model {
  const { config, device, parameterization, trained, frozen, dtype = 'f32' } = parts;
  const tensors = new Map<string, Tensor>();
  for (const spec of parameterSpecs(config)) {
    const stored = parameterization.parameter(spec, trained, frozen);
    const narrow = spec.precision === 'narrow' ? cast(stored, dtype) : stored;
    tensors.set(foldedName(spec), fold(spec.fold, narrow));
  }
  return buildModel({
    config,
    parameters: (name) => {
      const tensor = tensors.get(name);
      if (tensor) return tensor;
      throw new HybraError('E_FORMAT', `training: there is no parameter ${name}.`, { name });
    },
    device,
    devices: config.layers.map(() => device),
    fingerprint: 'training',
    runLayer: layerRunner(parts),
    dispose: () => {},
  });
}

/** The states that sequences of a batch start from: zeros, or what is trained. */
export function initialStates(
  model: { readonly stateSpecs: readonly Readonly<Record<string, StateSpec>>[] },
  parts: Pick<TrainableParts, 'parameterization' | 'trained'>,
  size: { readonly batch: number; readonly time: number },
): LayerState[] {
  const { batch, time } = size;
  return model.stateSpecs.map((layer, index) =>
    Object.fromEntries(
      Object.entries(layer).map(([name, { kind, shape, dtype }]) => {
        const start = parts.parameterization.initialState(index, name, parts.trained);
        if (start) return [name, cast(expand(unsqueeze(start, 0), [batch, ...shape]), dtype)];
        return [name, fill(kind === 'fixed' ? [batch, ...shape] : [batch, time, ...shape], 0, dtype)];
      }),
    ),
  );
}

function layerRunner({ recomputation, dropout: drop }: TrainableParts): RunLayer {
  return (layer, { x, context, state, index }) => {
    const run = (input: Tensor) => {
      const result = layer.forward(input, context, state);
      if (!drop || drop.rate === 0) return result;
      const added = dropout(sub(result.y, input), drop.rate, drop.stream, index + 1);
      return { ...result, y: add(input, added) };
    };
    const entered = drop && index === 0 ? dropout(x, drop.rate, drop.stream, 0) : x;
    if (!recomputation) return run(entered);
    const [y] = recomputation.record(([input]) => [run(input!).y], [entered]);
    return { y: y!, state };
  };
}
