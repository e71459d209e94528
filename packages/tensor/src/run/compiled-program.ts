import {
  byteLengthOf,
  type Device,
  type DeviceBuffer,
  type Executable,
  type HostArray,
  HybraError,
  type TensorType,
} from '@hybra/spec';
import type { Tensors } from '../compile/compile.js';
import type { LoweredValue } from '../compile/lowered.js';
import type { Plan } from '../compile/plan.js';
import type { BindingSource, StageRequests } from '../compile/stage-requests.js';
import { bytesOf, storageOf, storedTensor, storedValueOf } from '../graph/storage.js';
import { Tensor } from '../graph/tensor.js';
import type { Storage, StoredValue } from '../graph/value.js';
import { checkHostValues, checkNames, checkSharing, checkTensor, type RunBuffers } from './check-bindings.js';
import { explainProgram } from './explain.js';
import { notePendingRead, notePendingWrite, waitsFor } from './pending.js';

/** One device's share of a program between two exchanges. */
export interface CompiledStage {
  readonly device: Device;
  readonly level: number;
  readonly sources: readonly BindingSource[];
  readonly plan: Plan;
  readonly executable: Executable;
}

/** What `compile` hands over. */
export interface CompiledParts {
  readonly label: string;
  readonly inputs: Tensors;
  readonly states: Tensors;
  readonly outputTypes: ReadonlyMap<string, TensorType & { readonly device: Device }>;
  /** The stored tensors that were captured. */
  readonly weights: readonly StoredValue[];
  readonly stages: readonly CompiledStage[];
  readonly transfers: StageRequests['transfers'];
  readonly literalBytes: (value: LoweredValue) => Uint8Array | undefined;
}

/** What a run is given: a tensor, or for an input host values that are uploaded first. */
export interface RunBindings {
  readonly inputs?: Readonly<Record<string, Tensor | HostArray>>;
  readonly states?: Tensors;
}

/** What a run gives. Outputs are overwritten by the program's next run; states are the caller's. */
export interface RunResult {
  readonly outputs: Tensors;
  readonly states: Tensors;
}

/**
 * A computation compiled for its devices. It owns its arenas, its outputs and its staging buffers, so that a
 * run allocates no device memory.
 */
export class CompiledProgram {
  readonly label: string;
  readonly #parts: CompiledParts;
  readonly #owned = new Map<LoweredValue | string, DeviceBuffer>();
  readonly #outputs: Tensors;
  /** Buffers of each stage. Those of weights and constants stay from the first run on. */
  readonly #bindings: DeviceBuffer[][];
  /** Places in each stage's bindings that every run fills again. */
  readonly #varyingPlaces: readonly (readonly number[])[];
  readonly #weights: readonly Storage[];
  readonly #captured: ReadonlySet<DeviceBuffer>;
  #isDisposed = false;
  #tail: Promise<void> | undefined;

  /** Programs are made by `compile`. */
  constructor(parts: CompiledParts) {
    this.label = parts.label;
    this.#parts = parts;
    const outputs: Record<string, Tensor> = {};
    try {
      for (const [name, type] of parts.outputTypes) {
        const buffer = this.#own(`output ${name}`, type.device, byteLengthOf(type));
        outputs[name] = storedTensor(type, storageOf(type.device, buffer));
      }
    } catch (error) {
      for (const buffer of this.#owned.values()) buffer.dispose();
      throw error;
    }
    this.#outputs = outputs;
    this.#bindings = parts.stages.map(() => []);
    this.#varyingPlaces = parts.stages.map(({ sources }) =>
      [...sources.keys()].filter((at) => isVarying(sources[at]!)),
    );
    this.#weights = parts.weights.map(({ storage }) => storage);
    this.#captured = new Set(this.#weights.map(({ buffer }) => buffer));
  }

  /** Bytes of device memory that this program holds: arenas, outputs, constants and staging. */
  get ownedBytes(): number {
    let bytes = this.#parts.stages.reduce((sum, { executable }) => sum + executable.arenaBytes, 0);
    for (const buffer of this.#owned.values()) bytes += buffer.byteLength;
    return bytes;
  }

  /** Bytes that this program would hold if arenas were as small as what lives in them at one time. */
  get minimumBytes(): number {
    return this.#parts.stages.reduce(
      (sum, { plan, executable }) => sum + plan.minimumBytes - executable.arenaBytes,
      this.ownedBytes,
    );
  }

  /** The stages with their plans: what `explain` prints, as data. */
  get stages(): readonly CompiledStage[] {
    return this.#parts.stages;
  }

  /**
   * Enqueues one run and returns; failures surface at the next `readback`.
   * @throws E_ARGUMENT, E_SHAPE, E_DTYPE for a missing, unknown or ill-fitting binding; E_DISPOSED
   */
  run(bindings: RunBindings = {}): RunResult {
    if (this.#isDisposed) throw new HybraError('E_DISPOSED', `${this.label}: the program was disposed of.`);
    for (const [index, storage] of this.#weights.entries()) {
      if (storage.state !== 'live') storedValueOf(new Tensor(this.#parts.weights[index]!), this.label); // throws
    }
    const given = this.#bind(bindings.inputs ?? {}, bindings.states ?? {});
    const { waits } = given;
    let ready: Promise<void> | undefined;
    if (waits.length === 0 && this.#parts.transfers.length === 0) {
      upload(given.uploads);
      for (const index of this.#parts.stages.keys()) this.#runStage(index, given);
    } else {
      // A waiting run must not see values that the caller changes meanwhile.
      const uploads = given.uploads.map((each) => ({ ...each, bytes: each.bytes.slice() }));
      ready = this.#runInStages({ ...given, uploads });
      this.#follow(ready, given);
    }
    for (const output of Object.values(this.#outputs)) {
      const { storage } = storedValueOf(output, this.label);
      storage.ready = undefined;
      if (ready) notePendingWrite(storage, ready);
    }
    return { outputs: this.#outputs, states: donate(bindings.states ?? {}, this.label, ready) };
  }

  /** Waits until the last run is enqueued on every device; its failure surfaces at a readback. */
  async settled(): Promise<void> {
    await this.#tail?.catch(() => {});
  }

  /** Every call with shapes, chosen kernel or decomposition, device and bytes; every transfer. */
  explain(): string {
    return explainProgram(this.label, this.#parts.stages, this.#parts.transfers);
  }

  /** Frees arenas, outputs and constants, once runs that wait for other devices are enqueued. Idempotent. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const release = (): void => {
      for (const { executable } of this.#parts.stages) executable.dispose();
      for (const buffer of this.#owned.values()) buffer.dispose();
    };
    if (this.#tail) this.#tail.then(release, release);
    else release();
    for (const output of Object.values(this.#outputs)) {
      const { value } = output;
      if (value.kind === 'stored') value.storage.state = 'disposed';
    }
  }

  #own(key: LoweredValue | string, device: Device, byteLength: number): DeviceBuffer {
    let buffer = this.#owned.get(key);
    if (!buffer) {
      buffer = device.allocate(
        Math.max(byteLength, 1),
        `${this.label}: ${typeof key === 'string' ? key : `value ${key.id}`}`,
      );
      this.#owned.set(key, buffer);
    }
    return buffer;
  }

  /** Checks what a run is given, before anything is enqueued. */
  #bind(inputs: NonNullable<RunBindings['inputs']>, states: Tensors): Given {
    const { label } = this;
    checkNames(label, 'input', inputs, this.#parts.inputs);
    checkNames(label, 'state', states, this.#parts.states);
    // What failed in an earlier run concerns this one only through the tensors that it is given.
    const waits: Promise<void>[] = this.#tail ? [this.#tail.catch(() => {})] : [];
    const uploads: Upload[] = [];
    for (const { ready } of this.#weights) if (ready) waits.push(ready);
    const read: Storage[] = [];
    const given = { inputs: new Map<string, DeviceBuffer>(), states: new Map<string, DeviceBuffer>() };
    for (const [name, value] of Object.entries(inputs)) {
      const declared = this.#parts.inputs[name]!;
      if (ArrayBuffer.isView(value)) {
        checkHostValues({ label, role: 'input', name }, declared, value);
        const device = declared.device!;
        const buffer = this.#own(`input ${name}`, device, declared.byteLength);
        uploads.push({ device, buffer, bytes: bytesOf(value) });
        given.inputs.set(name, buffer);
      } else {
        const storage = checkTensor({ label, role: 'input', name }, declared, value);
        read.push(storage);
        given.inputs.set(name, storage.buffer);
      }
    }
    for (const [name, tensor] of Object.entries(states)) {
      const storage = checkTensor({ label, role: 'state', name }, this.#parts.states[name]!, tensor);
      waits.push(...waitsFor(storage, 'write'));
      given.states.set(name, storage.buffer);
    }
    for (const storage of read) waits.push(...waitsFor(storage, 'read'));
    const outputs = new Map<string, DeviceBuffer>();
    for (const [name, tensor] of Object.entries(this.#outputs)) {
      const { storage } = storedValueOf(tensor, label);
      // A reader of the last run's output that waits for another device comes first.
      if (storage.reads) waits.push(storage.reads);
      outputs.set(name, storage.buffer);
    }
    checkSharing(label, { ...given, outputs, captured: this.#captured });
    return { ...given, outputs, waits, uploads, read };
  }

  /** Remembers a run that is not enqueued yet for as long as it is not. */
  #follow(ready: Promise<void>, { read }: Given): void {
    for (const storage of [...this.#weights, ...read]) notePendingRead(storage, ready);
    this.#tail = ready;
    const settle = (): void => {
      if (this.#tail === ready) this.#tail = undefined;
    };
    ready.then(settle, settle);
  }

  #bufferFor(source: BindingSource, given: Given, device: Device): DeviceBuffer {
    if (source.kind === 'output') return given.outputs.get(source.name)!;
    if (source.kind === 'state') return given.states.get(source.name)!;
    const { value } = source;
    if (value.origin.kind === 'stored') return value.origin.value.storage.buffer;
    if (value.origin.kind === 'placeholder') {
      const { role, name } = value.origin.value;
      return (role === 'state' ? given.states : given.inputs).get(name)!;
    }
    const isNew = !this.#owned.has(value);
    const buffer = this.#own(value, device, byteLengthOf(value));
    const bytes = isNew ? this.#parts.literalBytes(value) : undefined;
    if (bytes && bytes.byteLength > 0) device.write(buffer, 0, bytes);
    return buffer;
  }

  #runStage(index: number, given: Given): void {
    const { sources, device, executable } = this.#parts.stages[index]!;
    const bindings = this.#bindings[index]!;
    const isFirst = bindings.length < sources.length;
    for (const at of isFirst ? sources.keys() : this.#varyingPlaces[index]!) {
      bindings[at] = this.#bufferFor(sources[at]!, given, device);
    }
    executable.run(bindings);
  }

  async #runInStages(given: Given): Promise<void> {
    for (const wait of given.waits) await wait;
    upload(given.uploads);
    let level = -1;
    for (const [index, stage] of this.#parts.stages.entries()) {
      for (; level < stage.level; level++) await this.#transfer(level + 1, given);
      this.#runStage(index, given);
    }
  }

  async #transfer(beforeLevel: number, given: Given): Promise<void> {
    const due = this.#parts.transfers.filter((transfer) => transfer.beforeLevel === beforeLevel);
    await Promise.all(
      due.map(async ({ from, to }) => {
        const source = this.#bufferFor({ kind: 'value', value: from }, given, from.device);
        const byteLength = byteLengthOf(from);
        const target = this.#own(to, to.device, byteLength);
        if (byteLength > 0) to.device.write(target, 0, await from.device.read(source, 0, byteLength));
      }),
    );
  }
}

/** Whether a run is given what is bound, or it is an output: neither a weight nor a constant. */
function isVarying(source: BindingSource): boolean {
  return source.kind !== 'value' || source.value.origin.kind === 'placeholder';
}

/** What a run was given, checked. */
interface Given extends Omit<RunBuffers, 'captured'> {
  /** What has to be enqueued before. */
  readonly waits: readonly Promise<void>[];
  readonly uploads: readonly Upload[];
  /** Memory of others that the run reads, besides weights. */
  readonly read: readonly Storage[];
}

interface Upload {
  readonly device: Device;
  readonly buffer: DeviceBuffer;
  readonly bytes: Uint8Array;
}

function upload(uploads: readonly Upload[]): void {
  for (const { device, buffer, bytes } of uploads) if (bytes.byteLength > 0) device.write(buffer, 0, bytes);
}

/** Takes the tensors given for states away from the caller, and gives new ones over the same memory. */
function donate(states: Tensors, label: string, ready: Promise<void> | undefined): Tensors {
  const updated: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(states)) {
    const { storage } = storedValueOf(tensor, label);
    storage.state = 'donated';
    const renewed = storageOf(storage.device, storage.buffer);
    if (ready) notePendingWrite(renewed, ready);
    updated[name] = storedTensor(tensor, renewed);
  }
  return updated;
}
