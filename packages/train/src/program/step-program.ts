import { createRecomputation, gradients } from '@hybra/autograd';
import type { HybridConfig } from '@hybra/models';
import type { Device } from '@hybra/spec';
import {
  add,
  type CompiledProgram,
  compile,
  concat,
  div,
  maximum,
  reshape,
  slice,
  sum,
  type Tensor,
  type Tensors,
} from '@hybra/tensor';
import { clipByNorm } from '../optimizer/clip.js';
import type { Parameterization } from '../parameters/parameterization.js';
import { type TokenRows, tokenLosses } from './loss.js';
import { initialStates, trainableModel } from './trainable-model.js';
import { type OptimizerSettings, stateName, statesOf, updateVariable } from './update-variable.js';

/** What a training step is made for. */
export interface StepSettings extends OptimizerSettings {
  readonly device: Device;
  readonly config: HybridConfig;
  readonly parameterization: Parameterization;
  readonly frozen: Tensors;
  /** Rows of one forward pass. */
  readonly batch: number;
  /** Tokens per row. */
  readonly time: number;
  /** Forward passes per step, whose gradients add up. */
  readonly accumulation: number;
  /** Largest norm of the gradient. */
  readonly clip: number;
  readonly dtype: 'f32' | 'f16' | 'bf16';
  readonly recompute: boolean;
  readonly dropout: number;
  /** Whether rows hold several documents. */
  readonly packed: boolean;
  /** Of dropout. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compiles one training step as one program: forward, backward, clipping and optimiser. Variables and moments are its
 * states, updated in place. A step whose gradient is not finite changes none of them.
 *
 * inputs: `ids`, `targets` and, of packed rows, `places` i32[accumulation · batch, time]; `numbers` f32[3] as `stepNumbers` makes them;
 * `stream` u32[3], seed and step. outputs: `loss` f32 (mean nats per target), `norm` f32, `squares` f32[variables].
 * @throws what `compile` throws
 */
export function compileStep(settings: StepSettings): Promise<CompiledProgram> {
  const { device, batch, time, accumulation, parameterization } = settings;
  const { variables } = parameterization;
  const rows = { dtype: 'i32', shape: [accumulation * batch, time] } as const;
  const states = Object.fromEntries(
    variables.flatMap((variable) =>
      statesOf(variable, settings).map(({ state }) => [
        state,
        { dtype: 'f32', shape: variable.shape } as const,
      ]),
    ),
  );
  return compile({
    label: 'training step',
    device,
    inputs: {
      ids: rows,
      targets: rows,
      ...(settings.packed && { places: rows }),
      numbers: { dtype: 'f32', shape: [3] },
      stream: { dtype: 'u32', shape: [3] },
    },
    states,
    ...(settings.signal && { signal: settings.signal }),
    build: ({ inputs, states }) => recordStep(settings, inputs, states),
  });
}

function recordStep(settings: StepSettings, inputs: Tensors, states: Tensors) {
  const { batch, accumulation, parameterization } = settings;
  const { variables } = parameterization;
  const trained = Object.fromEntries(
    variables.map(({ name }) => [name, states[stateName('parameter', name)]!]),
  );
  const passes = Array.from({ length: accumulation }, (_, pass) => {
    const rowsOf = (x: Tensor): Tensor => slice(x, 0, pass * batch, (pass + 1) * batch);
    return recordPass(settings, {
      trained,
      ids: rowsOf(inputs.ids!),
      targets: rowsOf(inputs.targets!),
      places: inputs.places && rowsOf(inputs.places),
      stream: inputs.stream!,
    });
  });
  const count = maximum(
    passes.map((pass) => pass.count).reduce((a, b) => add(a, b)),
    1,
  );
  const loss = div(
    passes.map((pass) => pass.total).reduce((a, b) => add(a, b)),
    count,
  );
  const sums = variables.map((_, index) =>
    passes.map((pass) => pass.gradients[index]!).reduce((a, b) => add(a, b)),
  );
  // From the last layer to the first, as the backward pass makes them: none waits for the others.
  const { norm, scale, squares } = clipByNorm([...sums].reverse(), count, settings.clip);
  const numbers = concat([inputs.numbers!, reshape(scale, [1])], 0);
  const updated: Record<string, Tensor> = {};
  for (const [index, variable] of variables.entries()) {
    const parts = statesOf(variable, settings);
    const before = Object.fromEntries(parts.map(({ part, state }) => [part, states[state]!]));
    const after = updateVariable(variable, before, { gradient: sums[index]!, numbers }, settings);
    for (const { part, state } of parts) updated[state] = after[part]!;
  }
  return { outputs: { loss, norm, squares: concat([...squares].reverse(), 0) }, states: updated };
}

function recordPass(
  settings: StepSettings,
  { trained, stream, ...rows }: TokenRows & { readonly trained: Tensors; readonly stream: Tensor },
) {
  const recomputation = settings.recompute ? createRecomputation() : undefined;
  const parts = {
    ...settings,
    trained,
    recomputation,
    dropout: settings.dropout > 0 ? { rate: settings.dropout, stream } : undefined,
  };
  const model = trainableModel(parts);
  const states = initialStates(model, parts, settings);
  const { losses, count } = tokenLosses(model, rows, states);
  const total = sum(losses);
  const names = settings.parameterization.variables.map(({ name }) => name);
  return {
    total,
    count,
    gradients: gradients(
      total,
      names.map((name) => trained[name]!),
      recomputation ? { recomputation } : {},
    ),
  };
}
