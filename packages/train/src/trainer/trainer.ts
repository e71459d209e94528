import type { StateSpec } from '@hybra/layers';
import { buildModel, foldedName, type HostWeights, type HybridConfig, parameterSpecs } from '@hybra/models';
import { type Device, HybraError } from '@hybra/spec';
import {
  bytesOf,
  type CompiledProgram,
  data,
  disposeTensor,
  fill,
  readback,
  type Tensor,
  type Tensors,
  tensorOn,
  zerosOn,
} from '@hybra/tensor';
import type { TensorToWrite } from '@hybra/weights';
import type { Batch } from '../data/batch.js';
import { type AdamWOptions, adamWSettings, stepNumbers } from '../optimizer/adamw.js';
import { type MuonOptions, muonSettings } from '../optimizer/muon.js';
import { parameterize, type TrainingMode } from '../parameters/parameterization.js';
import { compileEvaluation } from '../program/evaluation-program.js';
import { compileStep, type StepSettings } from '../program/step-program.js';
import { stateName, statesOf } from '../program/update-variable.js';
import { explainDivergence } from './explain-divergence.js';

/** What a trainer is made for. */
export interface TrainerOptions {
  readonly device: Device;
  readonly config: HybridConfig;
  /** As from `initialWeights`, or those of a checkpoint. */
  readonly weights: HostWeights;
  /** Default is every parameter. */
  readonly mode?: TrainingMode;
  /** Rows of one forward pass. */
  readonly batch: number;
  /** Tokens per row. */
  readonly time: number;
  /** Forward passes per step. Default is 1. */
  readonly accumulation?: number;
  readonly adamW?: AdamWOptions;
  /**
   * Trains the matrices within layers by Muon, with the learning rate and weight decay of AdamW, which trains the rest.
   * Default is AdamW for all.
   */
  readonly muon?: MuonOptions;
  /** Largest norm of the gradient. Default is 1. */
  readonly clip?: number;
  /** Storage of matrices within a step; what is trained stays float32. Default is `f32`. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  /** Whether layers are computed again in the backward pass instead of being kept. Default is `false`. */
  readonly recompute?: boolean;
  /** Share of elements dropped after the embedding and on each layer's output. Default is 0. */
  readonly dropout?: number;
  /**
   * Whether rows hold several documents, of which none sees another; batches then say where each begins, as those of
   * `packedBatches` do. Default is `false`.
   */
  readonly packed?: boolean;
  /** Of dropout and of LoRA's matrices. Default is 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** What a step gave. */
export interface StepResult {
  /** From 1. */
  readonly step: number;
  /** Mean nats per target, before the step. */
  readonly loss: number;
  /** Of the gradient, before clipping. */
  readonly norm: number;
}

/** Bytes of a training on its device. */
export interface TrainingMemory {
  /** Variables, their moments and frozen weights. */
  readonly variableBytes: number;
  /** These and what the step holds. */
  readonly bytes: number;
  /** These and the most that lives at one time within the step, as the planner states it. */
  readonly minimumBytes: number;
}

/** A model in training on a device: variables, moments, and the compiled step. */
export class Trainer {
  readonly settings: StepSettings;
  readonly #program: CompiledProgram;
  readonly #evaluations = new Map<string, CompiledProgram>();
  #states: Tensors;
  #step = 0;

  /** Trainers are made by {@link createTrainer}. */
  constructor(settings: StepSettings, program: CompiledProgram) {
    this.settings = settings;
    this.#program = program;
    const states: Record<string, Tensor> = {};
    const { device } = settings;
    for (const variable of settings.parameterization.variables) {
      const { shape, values } = variable;
      for (const { part, state } of statesOf(variable, settings)) {
        states[state] = part === 'parameter' ? tensorOn(device, values, shape) : zerosOn(device, shape);
      }
    }
    this.#states = states;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** What the compiled step runs, kernel by kernel. */
  explain(): string {
    return this.#program.explain();
  }

  /** Bytes that the compiled step holds beside variables and moments. */
  get programBytes(): number {
    return this.#program.ownedBytes;
  }

  /** What training takes on the device, and the least that it could with the step's calls in their order. */
  get memory(): TrainingMemory {
    const kept = [...Object.values(this.#states), ...Object.values(this.settings.frozen)];
    const variableBytes = kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      variableBytes,
      bytes: variableBytes + this.#program.ownedBytes,
      minimumBytes: variableBytes + this.#program.minimumBytes,
    };
  }

  /**
   * Takes one step.
   * @throws E_ARGUMENT when loss or gradient is not finite: the variables are then as before, and the error names
   * step and tensor; E_SHAPE for a batch of another size
   */
  async takeStep(batch: Batch, learningRate: number): Promise<StepResult> {
    const { adamW, parameterization, seed } = this.settings;
    const step = this.#step + 1;
    requireVocabulary(batch, this.settings.config.vocabularySize);
    requirePlaces(batch, this.settings.packed);
    const { outputs, states } = this.#program.run({
      inputs: {
        ids: batch.ids,
        targets: batch.targets,
        ...(batch.places && { places: batch.places }),
        numbers: stepNumbers(step, learningRate, adamW),
        stream: Uint32Array.of(seed >>> 0, Math.floor(seed / 2 ** 32), step),
      },
      states: this.#states,
    });
    this.#states = states;
    const loss = (await readback(outputs.loss!))[0]!;
    const norm = (await readback(outputs.norm!))[0]!;
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const squares = await readback(outputs.squares!);
      throw explainDivergence({
        step,
        loss,
        norm,
        learningRate,
        squares,
        variables: parameterization.variables,
      });
    }
    this.#step = step;
    return { step, loss, norm };
  }

  /** The loss of each target and the most probable token at each place; rows of any number and length. */
  async evaluate(batch: Batch): Promise<{ losses: Float32Array; predicted: Int32Array }> {
    requireVocabulary(batch, this.settings.config.vocabularySize);
    const isPacked = batch.places !== undefined;
    requirePlaces(batch, isPacked);
    const key = `${batch.rows}x${batch.time}${isPacked ? ' packed' : ''}`;
    let program = this.#evaluations.get(key);
    if (!program) {
      program = await compileEvaluation(this.settings, { batch: batch.rows, time: batch.time, isPacked });
      this.#evaluations.set(key, program);
    }
    const { outputs } = program.run({
      inputs: {
        'ids of tokens': batch.ids,
        'targets of tokens': batch.targets,
        ...(batch.places && { 'places of tokens': batch.places }),
        ...this.#variables(),
      },
    });
    return {
      losses: Float32Array.from(await readback(outputs.losses!)),
      predicted: Int32Array.from(await readback(outputs.predicted!)),
    };
  }

  /** Mean nats per target over batches. */
  async meanLoss(batches: Iterable<Batch>): Promise<number> {
    let sum = 0;
    let count = 0;
    for (const batch of batches) {
      const { losses } = await this.evaluate(batch);
      for (const [index, target] of batch.targets.entries()) {
        if (target < 0) continue;
        sum += losses[index]!;
        count++;
      }
    }
    return sum / count;
  }

  /** The weights of the model as they stand, LoRA's changes added in, by the names of `parameterSpecs`. */
  async weights(): Promise<HostWeights> {
    const { config, parameterization, frozen, device } = this.settings;
    const trained = this.#variables();
    const weights = new Map<string, Float32Array>();
    for (const spec of parameterSpecs(config)) {
      if (spec.sharedWith !== undefined) continue;
      const tensor = parameterization.parameter(spec, trained, frozen);
      weights.set(spec.name, Float32Array.from(await data(tensor, { device })));
    }
    return weights;
  }

  /** The variables by name, as they stand. */
  async variables(): Promise<HostWeights> {
    const read = new Map<string, Float32Array>();
    for (const [name, tensor] of Object.entries(this.#variables())) {
      read.set(name, Float32Array.from(await readback(tensor)));
    }
    return read;
  }

  /** Variables and moments for a checkpoint, each read when it is written. */
  snapshot(): TensorToWrite[] {
    return Object.entries(this.#states).map(([name, tensor]) => ({
      name,
      dtype: 'f32',
      shape: tensor.shape,
      bytes: async () => bytesOf(await readback(tensor)),
    }));
  }

  /**
   * Puts variables and moments back.
   * @param read gives the bytes of a tensor of {@link snapshot}
   */
  async restore(
    step: number,
    read: (name: string, shape: readonly number[]) => Promise<Uint8Array>,
  ): Promise<void> {
    const { device } = this.settings;
    const states: Record<string, Tensor> = {};
    for (const [name, { shape }] of Object.entries(this.#states)) {
      const bytes = (await read(name, shape)).slice();
      states[name] = tensorOn(device, new Float32Array(bytes.buffer, 0, bytes.byteLength / 4), shape);
    }
    for (const tensor of Object.values(this.#states)) disposeTensor(tensor);
    this.#states = states;
    this.#step = step;
  }

  /** Frees everything that the trainer holds on the device. Idempotent. */
  dispose(): void {
    this.#program.dispose();
    for (const program of this.#evaluations.values()) program.dispose();
    for (const tensor of [...Object.values(this.#states), ...Object.values(this.settings.frozen)]) {
      disposeTensor(tensor);
    }
  }

  #variables(): Tensors {
    return Object.fromEntries(
      this.settings.parameterization.variables.map(({ name }) => [
        name,
        this.#states[stateName('parameter', name)]!,
      ]),
    );
  }
}

/**
 * Compiles the training step of a model and puts its variables on the device.
 * @throws E_ARGUMENT for options out of range, E_CONFIG, and what compiling throws
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const {
    device,
    config,
    weights,
    mode = { kind: 'full' },
    seed = 0,
    dropout = 0,
    accumulation = 1,
    packed = false,
  } = options;
  for (const [name, value] of Object.entries({ batch: options.batch, time: options.time, accumulation })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new HybraError('E_ARGUMENT', `training: ${name} is ${value}, expected an integer from 1.`, {
      [name]: value,
    });
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new HybraError('E_ARGUMENT', `training: dropout is ${dropout}, expected from 0 to below 1.`, {
      dropout,
    });
  }
  if (packed && mode.kind === 'state') {
    throw new HybraError(
      'E_CONFIG',
      'training: documents within a packed row begin from zeros, so that there is no initial state to tune. Use documentBatches.',
    );
  }
  const parameterization = parameterize(config, weights, mode, {
    states: stateSpecsOf(config, device),
    seed,
  });
  const frozen = Object.fromEntries(
    parameterSpecs(config)
      .filter(({ name }) => parameterization.frozen.has(name))
      .map(({ name, shape }) => [name, tensorOn(device, parameterization.frozen.get(name)!, shape)]),
  );
  const settings: StepSettings = {
    device,
    config,
    parameterization,
    frozen,
    batch: options.batch,
    time: options.time,
    accumulation,
    adamW: adamWSettings(options.adamW),
    ...(options.muon && { muon: muonSettings(options.muon) }),
    clip: options.clip ?? 1,
    dtype: options.dtype ?? 'f32',
    recompute: options.recompute ?? false,
    dropout,
    packed,
    seed,
    ...(options.signal && { signal: options.signal }),
  };
  return new Trainer(settings, await compileStep(settings));
}

/** An id outside the table would be read as zeros, and as a target be left out: silently. */
function requireVocabulary({ ids, targets }: Batch, vocabulary: number): void {
  for (const [index, id] of ids.entries()) {
    const target = targets[index]!;
    if (id >= 0 && id < vocabulary && target >= -1 && target < vocabulary) continue;
    throw new HybraError(
      'E_ARGUMENT',
      `training: token ${id} with target ${target} at place ${index} of a batch; the model has ${vocabulary} tokens. Is the data made with its tokenizer?`,
      { id, target, index, vocabulary },
    );
  }
}

/** Documents begin at 0 and go on one by one; a row begins with a document. */
function requirePlaces({ places, time }: Batch, isPacked: boolean): void {
  if ((places !== undefined) !== isPacked) {
    throw new HybraError(
      'E_ARGUMENT',
      `training: the trainer is made with packed: ${isPacked}, and the batch has ${places ? '' : 'no '}places.`,
      { packed: isPacked },
    );
  }
  for (const [index, place] of places?.entries() ?? []) {
    if (place === 0 || (index % time !== 0 && place === places![index - 1]! + 1)) continue;
    throw new HybraError(
      'E_ARGUMENT',
      `training: place ${place} at token ${index % time} of a packed row; expected 0, or one more than the place before.`,
      { place, index },
    );
  }
}

/** What the layers of a model keep, known from shapes alone. */
function stateSpecsOf(config: HybridConfig, device: Device): readonly Readonly<Record<string, StateSpec>>[] {
  const shapes = new Map(parameterSpecs(config).map((spec) => [foldedName(spec), spec.shape]));
  const { stateSpecs } = buildModel({
    config,
    parameters: (name) => fill(shapes.get(name) ?? [], 0),
    device,
    devices: config.layers.map(() => device),
    fingerprint: '',
    dispose: () => {},
  });
  return stateSpecs;
}
