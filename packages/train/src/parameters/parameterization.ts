import type { StateSpec } from '@hybra/layers';
import {
  type HostWeights,
  type HybridConfig,
  type ParameterSpec,
  parameterSpecs,
  uniformStream,
} from '@hybra/models';
import { elementCount, HybraError } from '@hybra/spec';
import { add, matmul, mul, type Tensor, type Tensors } from '@hybra/tensor';
import { decays } from './decays.js';
import type { Variable } from './variable.js';

/** What is trained. */
export type TrainingMode =
  /** Every parameter. */
  | { readonly kind: 'full' }
  /** Low-rank changes of chosen matrices (Hu et al. 2021): W + (alpha / rank) · B A. */
  | {
      readonly kind: 'lora';
      readonly rank: number;
      readonly alpha: number;
      /** Ends of parameter names without `.weight`, such as `query` or `inProjection`. */
      readonly targets: readonly string[];
    }
  /** Only the state that sequences start from; attention layers have none. */
  | { readonly kind: 'state' };

/** How the parameters of a model follow from what is trained and what is not. */
export interface Parameterization {
  readonly mode: TrainingMode;
  readonly variables: readonly Variable[];
  /** Weights that stay as they are, by the name of their parameter. */
  readonly frozen: HostWeights;
  /** The stored (unfolded) tensor of a parameter. */
  parameter(spec: ParameterSpec, trained: Tensors, frozen: Tensors): Tensor;
  /** The trained initial state of a layer, of the state's shape without the slots. */
  initialState(layer: number, name: string, trained: Tensors): Tensor | undefined;
}

/**
 * Divides the weights of a model into what is trained and what is not.
 * @param states the model's, for `state`
 * @throws E_ARGUMENT for a rank below 1 or targets that no parameter has; E_CONFIG where there is no state to tune
 */
export function parameterize(
  config: HybridConfig,
  weights: HostWeights,
  mode: TrainingMode,
  options: { readonly states: readonly Readonly<Record<string, StateSpec>>[]; readonly seed: number },
): Parameterization {
  const specs = parameterSpecs(config).filter(({ sharedWith }) => sharedWith === undefined);
  switch (mode.kind) {
    case 'full':
      return {
        mode,
        variables: specs.map((spec) => ({
          name: spec.name,
          shape: spec.shape,
          decays: decays(spec),
          isHiddenMatrix: decays(spec) && spec.shape.length === 2 && spec.layer >= 0,
          values: weights.get(spec.name)!,
        })),
        frozen: new Map(),
        parameter: (spec, trained) => trained[spec.sharedWith ?? spec.name]!,
        initialState: () => undefined,
      };
    case 'lora':
      return lowRank(specs, weights, mode, options.seed);
    case 'state':
      return {
        mode,
        variables: stateVariables(options.states),
        frozen: weights,
        parameter: (spec, _trained, frozen) => frozen[spec.sharedWith ?? spec.name]!,
        initialState: (layer, name, trained) => trained[`state.${layer}.${name}`],
      };
  }
}

function lowRank(
  specs: readonly ParameterSpec[],
  weights: HostWeights,
  mode: Extract<TrainingMode, { kind: 'lora' }>,
  seed: number,
): Parameterization {
  const { rank, alpha, targets } = mode;
  if (!Number.isInteger(rank) || rank < 1) {
    throw new HybraError('E_ARGUMENT', `lora: rank is ${rank}, expected an integer from 1.`, { rank });
  }
  const isTarget = ({ name, shape }: ParameterSpec): boolean =>
    shape.length === 2 && targets.some((target) => name.endsWith(`.${target}.weight`));
  const adapted = specs.filter(isTarget);
  if (adapted.length === 0) {
    const names = new Set(
      specs.filter(({ shape }) => shape.length === 2).map(({ name }) => name.split('.').at(-2)),
    );
    throw new HybraError(
      'E_ARGUMENT',
      `lora: no matrix is called ${targets.join(', ')}; there are ${[...names].join(', ')}.`,
      { targets },
    );
  }
  const variables = adapted.flatMap(({ name, shape }, index): Variable[] => {
    const [outputs, inputs] = shape as [number, number];
    const uniform = uniformStream(seed, 0x4c6f0000 + index);
    const bound = Math.sqrt(3 / inputs); // variance 1 / inputs
    return [
      {
        name: `${name}.loraA`,
        shape: [rank, inputs],
        decays: true,
        isHiddenMatrix: false,
        values: Float32Array.from({ length: rank * inputs }, () => bound * (2 * uniform() - 1)),
      },
      // Zero, so that training starts from the model as it is.
      {
        name: `${name}.loraB`,
        shape: [outputs, rank],
        decays: true,
        isHiddenMatrix: false,
        values: new Float32Array(outputs * rank),
      },
    ];
  });
  return {
    mode,
    variables,
    frozen: weights,
    parameter(spec, trained, frozen) {
      const name = spec.sharedWith ?? spec.name;
      const base = frozen[name]!;
      const A = trained[`${name}.loraA`];
      const B = trained[`${name}.loraB`];
      return A && B ? add(base, mul(matmul(B, A), alpha / rank)) : base;
    },
    initialState: () => undefined,
  };
}

function stateVariables(states: readonly Readonly<Record<string, StateSpec>>[]): Variable[] {
  const variables = states.flatMap((layer, index) =>
    Object.entries(layer)
      .filter(([, spec]) => spec.kind === 'fixed')
      .map(
        ([name, { shape }]): Variable => ({
          name: `state.${index}.${name}`,
          shape,
          decays: false,
          isHiddenMatrix: false,
          values: new Float32Array(elementCount(shape)),
        }),
      ),
  );
  if (variables.length > 0) return variables;
  throw new HybraError(
    'E_CONFIG',
    'state tuning: no layer has a state of fixed size, so there is nothing to train. Use full training or LoRA.',
  );
}
