import {
  byteLengthOf,
  type Device,
  type DeviceBuffer,
  type Executable,
  formatType,
  type HostArray,
  HybraError,
  hostArray,
  type TensorType,
} from '@hybra/spec';
import type { Tensors } from '../compile/compile.js';
import type { LoweredValue } from '../compile/lowered.js';
import type { Plan } from '../compile/plan.js';
import type { BindingSource, StageRequests } from '../compile/stage-requests.js';
import { bytesOf, storageOf, storedTensor, storedValueOf } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import { explainProgram } from './explain.js';

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
  readonly outputTypes: ReadonlyMap<string, LoweredValue>;
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
  readonly #bindings: DeviceBuffer[][];
  #isDisposed = false;
  #tail: Promise<void> | undefined;

  /** Programs are made by `compile`. */
  constructor(parts: CompiledParts) {
    this.label = parts.label;
    this.#parts = parts;
    const outputs: Record<string, Tensor> = {};
    for (const [name, value] of parts.outputTypes) {
      const buffer = this.#own(`output ${name}`, value.device, byteLengthOf(value));
      outputs[name] = storedTensor(value, storageOf(value.device, buffer));
    }
    this.#outputs = outputs;
    this.#bindings = parts.stages.map(() => []);
  }

  /** Bytes of device memory that this program holds: arenas, outputs, constants and staging. */
  get ownedBytes(): number {
    let bytes = this.#parts.stages.reduce((sum, { executable }) => sum + executable.arenaBytes, 0);
    for (const buffer of this.#owned.values()) bytes += buffer.byteLength;
    return bytes;
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
    const inputs = bindings.inputs ?? {};
    const states = bindings.states ?? {};
    this.#checkNames('input', inputs, this.#parts.inputs);
    this.#checkNames('state', states, this.#parts.states);
    const buffers = new Map<string, DeviceBuffer>();
    const waits: Promise<void>[] = this.#tail ? [this.#tail] : [];
    const uploads: [Device, DeviceBuffer, Uint8Array][] = [];
    for (const [name, given] of Object.entries(inputs)) {
      const declared = this.#parts.inputs[name]!;
      if (ArrayBuffer.isView(given)) {
        checkHostValues(this.label, name, declared, given);
        const buffer = this.#own(`input ${name}`, declared.device!, declared.byteLength);
        buffers.set(`input ${name}`, buffer);
        // A waiting run must not see values that the caller changes meanwhile.
        uploads.push([declared.device!, buffer, bytesOf(given)]);
      } else {
        buffers.set(`input ${name}`, this.#bind('input', name, given, declared, waits));
      }
    }
    const donated = Object.entries(states).map(([name, tensor]) => {
      buffers.set(`state ${name}`, this.#bind('state', name, tensor, this.#parts.states[name]!, waits));
      return [name, tensor] as const;
    });
    if (new Set(donated.map(([name]) => buffers.get(`state ${name}`))).size !== donated.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `${this.label}: two states share one buffer; each is updated in place. Fork one.`,
      );
    }
    const isImmediate = waits.length === 0 && this.#parts.transfers.length === 0;
    let ready: Promise<void> | undefined;
    if (isImmediate) {
      for (const [device, buffer, bytes] of uploads) if (bytes.byteLength > 0) device.write(buffer, 0, bytes);
      for (const index of this.#parts.stages.keys()) this.#runStage(index, buffers);
    } else {
      const copies = uploads.map(([device, buffer, bytes]) => [device, buffer, bytes.slice()] as const);
      ready = this.#runInStages(waits, copies, buffers);
      ready.catch(() => {}); // surfaces at the readback that waits for it
      this.#tail = ready;
    }
    for (const output of Object.values(this.#outputs))
      storedValueOf(output, this.label).storage.ready = ready;
    return { outputs: this.#outputs, states: this.#donate(donated, ready) };
  }

  /** Waits until the last run is enqueued on every device; its failure surfaces at a readback. */
  async settled(): Promise<void> {
    await this.#tail?.catch(() => {});
  }

  /** Every call with shapes, chosen kernel or decomposition, device and bytes; every transfer. */
  explain(): string {
    return explainProgram(this.label, this.#parts.stages, this.#parts.transfers);
  }

  /** Frees arenas, outputs and constants. Idempotent. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const { executable } of this.#parts.stages) executable.dispose();
    for (const buffer of this.#owned.values()) buffer.dispose();
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

  #checkNames(role: string, given: Readonly<Record<string, unknown>>, declared: Tensors): void {
    const missing = Object.keys(declared).filter((name) => !(name in given));
    const unknown = Object.keys(given).filter((name) => !(name in declared));
    if (missing.length + unknown.length === 0) return;
    throw new HybraError(
      'E_ARGUMENT',
      `${this.label}: ${missing.length > 0 ? `${role} ${missing.join(', ')} is missing` : `${role} ${unknown.join(', ')} is unknown`}; the program takes ${Object.keys(declared).join(', ') || 'none'}.`,
      { role, missing, unknown },
    );
  }

  #bind(
    role: 'input' | 'state',
    name: string,
    tensor: Tensor,
    declared: Tensor,
    waits: Promise<void>[],
  ): DeviceBuffer {
    const { storage } = storedValueOf(tensor, `${this.label}: ${role} ${name}`);
    if (
      formatType(tensor) !== formatType(declared) ||
      !tensor.isWhole ||
      storage.device !== declared.device
    ) {
      throw new HybraError(
        tensor.dtype === declared.dtype ? 'E_SHAPE' : 'E_DTYPE',
        `${this.label}: ${role} ${name} is ${formatType(tensor)}${tensor.isWhole ? '' : ' (a window)'} on ${storage.device.name}, expected a whole ${formatType(declared)} on ${declared.device!.name}.`,
        { role, name, got: formatType(tensor), expected: formatType(declared) },
      );
    }
    if (storage.ready && storage.ready !== this.#tail) waits.push(storage.ready);
    return storage.buffer;
  }

  #bufferFor(source: BindingSource, run: ReadonlyMap<string, DeviceBuffer>, device: Device): DeviceBuffer {
    if (source.kind !== 'value')
      return run.get(`${source.kind} ${source.name}`) ?? this.#owned.get(`output ${source.name}`)!;
    const { value } = source;
    if (value.origin.kind === 'stored')
      return storedValueOf(storedTensor(value, value.origin.value.storage), this.label).storage.buffer;
    if (value.origin.kind === 'placeholder')
      return run.get(`${value.origin.value.role} ${value.origin.value.name}`)!;
    const isNew = !this.#owned.has(value);
    const buffer = this.#own(value, device, byteLengthOf(value));
    const bytes = isNew ? this.#parts.literalBytes(value) : undefined;
    if (bytes && bytes.byteLength > 0) device.write(buffer, 0, bytes);
    return buffer;
  }

  #runStage(index: number, run: ReadonlyMap<string, DeviceBuffer>): void {
    const { sources, device, executable } = this.#parts.stages[index]!;
    const bindings = this.#bindings[index]!;
    for (const [at, source] of sources.entries()) bindings[at] = this.#bufferFor(source, run, device);
    executable.run(bindings);
  }

  async #runInStages(
    waits: readonly Promise<void>[],
    uploads: readonly (readonly [Device, DeviceBuffer, Uint8Array])[],
    run: ReadonlyMap<string, DeviceBuffer>,
  ): Promise<void> {
    for (const wait of waits) await wait;
    for (const [device, buffer, bytes] of uploads) if (bytes.byteLength > 0) device.write(buffer, 0, bytes);
    let level = -1;
    for (const [index, stage] of this.#parts.stages.entries()) {
      for (; level < stage.level; level++) await this.#transfer(level + 1, run);
      this.#runStage(index, run);
    }
  }

  async #transfer(beforeLevel: number, run: ReadonlyMap<string, DeviceBuffer>): Promise<void> {
    const due = this.#parts.transfers.filter((transfer) => transfer.beforeLevel === beforeLevel);
    await Promise.all(
      due.map(async ({ from, to }) => {
        const source = this.#bufferFor({ kind: 'value', value: from }, run, from.device);
        const bytes = await from.device.read(source, 0, byteLengthOf(from));
        if (bytes.byteLength > 0) to.device.write(this.#own(to, to.device, byteLengthOf(to)), 0, bytes);
      }),
    );
  }

  #donate(states: readonly (readonly [string, Tensor])[], ready: Promise<void> | undefined): Tensors {
    const updated: Record<string, Tensor> = {};
    for (const [name, tensor] of states) {
      const { storage } = storedValueOf(tensor, this.label);
      storage.state = 'donated';
      updated[name] = storedTensor(tensor, { ...storage, state: 'live', ready });
    }
    return updated;
  }
}

function checkHostValues(label: string, name: string, declared: TensorType, given: HostArray): void {
  const expected = byteLengthOf(declared);
  if (given.byteLength !== expected || given.constructor !== hostArray(declared.dtype, 0).constructor) {
    throw new HybraError(
      given.byteLength === expected ? 'E_DTYPE' : 'E_SHAPE',
      `${label}: input ${name} is a ${given.constructor.name} of ${given.length}, expected ${formatType(declared)}.`,
      { name, expected: formatType(declared) },
    );
  }
}
