import { type LayerState, stepContext } from '@hybra/layers';
import { type Device, elementCount } from '@hybra/spec';
import { type CompiledProgram, compile, readback, type Tensor, zerosOn } from '@hybra/tensor';
import type { Model } from '../../src/index.js';

/** One chunk of a batch: ids of `[rows][time]`, padded on the right. */
export interface Chunk {
  readonly ids: readonly (readonly number[])[];
  readonly slots: readonly number[];
  readonly starts: readonly number[];
  /** Valid tokens per row. Default is all. */
  readonly lengths?: readonly number[];
}

/** Runs a model chunk by chunk over pools of its own. */
export interface ModelRunner {
  /** Logits `[rows · time · vocabulary]`. */
  forward(chunk: Chunk): Promise<Float32Array>;
  /** A state by layer and name, whole pool. */
  state(layer: number, name: string): Promise<Float32Array>;
  /** The program of the last forward pass. */
  explain(): string;
}

/** @param size.capacity rows of each per-token pool */
export function runModel(model: Model, size: { slots: number; capacity: number }): ModelRunner {
  const programs = new Map<string, CompiledProgram>();
  const declared = declareStates(model, size);
  let states: Readonly<Record<string, Tensor>> = Object.fromEntries(
    Object.entries(declared).map(([name, type]) => [name, zerosOn(type.device, type.shape, type.dtype)]),
  );
  let last: CompiledProgram | undefined;
  return { forward, state, explain: () => last?.explain() ?? '' };

  async function forward(chunk: Chunk): Promise<Float32Array> {
    const [batch, time] = [chunk.ids.length, chunk.ids[0]!.length];
    const key = `${batch} × ${time}`;
    const program = programs.get(key) ?? (await compileStep(batch, time));
    programs.set(key, program);
    last = program;
    const lengths = chunk.lengths ?? chunk.ids.map((row) => row.length);
    const result = program.run({
      inputs: {
        ids: Int32Array.from(chunk.ids.flat()),
        slots: Int32Array.from(chunk.slots),
        starts: Int32Array.from(chunk.starts),
        lengths: Int32Array.from(lengths),
      },
      states,
    });
    states = result.states;
    return (await readback(result.outputs.logits!)) as Float32Array;
  }

  async function state(layer: number, name: string): Promise<Float32Array> {
    return (await readback(states[`${layer}.${name}`]!)) as Float32Array;
  }

  function compileStep(batch: number, time: number): Promise<CompiledProgram> {
    const rows = { dtype: 'i32', shape: [batch] } as const;
    return compile({
      label: `${model.family} ${batch} × ${time}`,
      device: model.device,
      inputs: { ids: { dtype: 'i32', shape: [batch, time] }, slots: rows, starts: rows, lengths: rows },
      states: declared,
      build: ({ inputs, states: pools }) => {
        const context = stepContext({
          slots: inputs.slots!,
          starts: inputs.starts!,
          lengths: inputs.lengths!,
          time,
        });
        const result = model.hidden(inputs.ids!, context, byLayer(pools));
        return { outputs: { logits: model.logits(result.hidden) }, states: byName(result.states) };
      },
    });
  }

  function byLayer(pools: Readonly<Record<string, Tensor>>): LayerState[] {
    return model.stateSpecs.map((specs, layer) =>
      Object.fromEntries(Object.keys(specs).map((name) => [name, pools[`${layer}.${name}`]!])),
    );
  }
}

function byName(states: readonly LayerState[]): Record<string, Tensor> {
  return Object.fromEntries(
    states.flatMap((state, layer) =>
      Object.entries(state).map(([name, tensor]) => [`${layer}.${name}`, tensor] as const),
    ),
  );
}

interface Declared {
  readonly dtype: 'f32' | 'bf16' | 'f16';
  readonly shape: readonly number[];
  readonly device: Device;
}

function declareStates(model: Model, size: { slots: number; capacity: number }): Record<string, Declared> {
  return Object.fromEntries(
    model.stateSpecs.flatMap((specs, layer) =>
      Object.entries(specs).map(([name, spec]) => {
        const lead = spec.kind === 'fixed' ? [size.slots] : [size.slots, size.capacity];
        const declared = {
          dtype: spec.dtype as Declared['dtype'],
          shape: [...lead, ...spec.shape],
          device: model.devices[layer]!,
        };
        return [`${layer}.${name}`, declared] as const;
      }),
    ),
  );
}

/** Largest absolute difference. @throws when lengths differ or a number is NaN, which must not pass for agreement */
export function largestError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) throw new Error(`${got.length} values against ${expected.length}`);
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(got[index]! - expected[index]!);
    if (Number.isNaN(error)) throw new Error(`NaN at ${index}`);
    largest = Math.max(largest, error);
  }
  return largest;
}

/** The rows `[from, to)` of `[rows, time, width]` values of batch row `row`. */
export function positions(
  values: Float32Array,
  at: { row: number; time: number; width: number; from: number; to: number },
): Float32Array {
  const start = (at.row * at.time + at.from) * at.width;
  return values.slice(start, start + elementCount([at.to - at.from, at.width]));
}
