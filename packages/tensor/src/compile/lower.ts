import { contiguousStrides, type Device, HybraError, isContiguous, type TensorType } from '@hybra/spec';
import type { Tensor } from '../graph/tensor.js';
import type { CallNode, LiteralValue, TransferValue, Value } from '../graph/value.js';
import { copy } from '../ops/array/copy.js';
import { type Choice, chooseKernel } from './choose-kernel.js';
import type { LoweredCall, LoweredGraph, LoweredOperand, LoweredValue } from './lowered.js';

/** Something that has inputs to lower before it can be lowered itself. */
interface Task {
  readonly item: CallNode | TransferValue;
  readonly device: Device;
  readonly via: readonly string[];
  choice?: Choice;
  source?: Tensor;
  inputsVisited?: boolean;
}

/**
 * Turns what the roots depend on into calls with kernels. Depth-first with a stack of its own (graphs are
 * deeper than JavaScript's); equal calls on equal operands are lowered once, which is sound because every op
 * is pure.
 * @param device where inputs of transfers go that nothing ties to a device
 * @throws E_UNSUPPORTED_OP, E_DISPOSED
 */
export function lower(roots: readonly Root[], device: Device): LoweredGraph {
  const lowering = new Lowering(device);
  const whole = roots.map(({ tensor, device }) => ({
    tensor: tensor.isWhole && isComputed(tensor.value) ? tensor : copy(tensor),
    device,
  }));
  for (const root of whole) lowering.visit([root.tensor], root.device, []);
  return {
    calls: lowering.calls,
    values: lowering.values,
    roots: whole.map((root) => lowering.valueOf(root.tensor.value, root.device)),
  };
}

/** A value that is wanted, and where it goes if nothing ties it to a device. */
export interface Root {
  readonly tensor: Tensor;
  readonly device: Device;
}

/** Whether a root needs no copy to become an output: what is bound by the caller must not be an output too. */
function isComputed(value: Value): boolean {
  return (
    value.kind === 'call' ||
    value.kind === 'transfer' ||
    (value.kind === 'placeholder' && value.role === 'state')
  );
}

class Lowering {
  readonly calls: LoweredCall[] = [];
  readonly values: LoweredValue[] = [];
  readonly #done = new Map<object, Map<Device, readonly LoweredValue[]>>();
  readonly #equalCalls = new Map<string, readonly LoweredValue[]>();
  readonly #equalLiterals = new Map<string, LoweredValue>();
  readonly #deviceIds = new Map<Device, number>();

  constructor(readonly defaultDevice: Device) {}

  visit(roots: readonly Tensor[], device: Device, via: readonly string[]): void {
    const stack: Task[] = this.#missing(roots, device, via);
    for (let task = stack.at(-1); task !== undefined; task = stack.at(-1)) {
      if (this.#done.get(task.item)?.has(task.device)) {
        stack.pop();
        continue;
      }
      const missing = this.#advance(task);
      if (missing.length > 0) stack.push(...missing);
      else stack.pop();
    }
  }

  valueOf(value: Value, device: Device): LoweredValue {
    switch (value.kind) {
      case 'call':
        return this.#done.get(value.node)!.get(value.node.device ?? device)![value.index]!;
      case 'transfer':
        return this.#done.get(value)!.get(value.device)![0]!;
      case 'stored':
        return this.#leaf(value, value.storage.device, { kind: 'stored', value });
      case 'placeholder':
        return this.#leaf(value, value.device, { kind: 'placeholder', value });
      case 'literal':
        return this.#leaf(value, device, { kind: 'literal', data: value.data });
    }
  }

  /** Lowers the task if all it needs is there; else says what is missing. */
  #advance(task: Task): Task[] {
    const { item, device, via } = task;
    if ('kind' in item) {
      const from = item.source.device ?? this.defaultDevice;
      task.source ??= item.source.isWhole ? item.source : copy(item.source);
      const { source } = task;
      const missing = this.#missing([source], from, via);
      if (missing.length === 0) {
        const moved = this.#add(item, device, { kind: 'transfer', source: this.valueOf(source.value, from) });
        this.#finish(task, [moved]);
      }
      return missing;
    }
    task.choice ??= chooseKernel(item, device);
    if (task.choice.kind === 'kernel') {
      const missing = this.#missing(task.choice.inputs, device, via);
      if (missing.length === 0) this.#finish(task, this.#emit(item, task.choice, device, via));
      return missing;
    }
    // The call's own inputs first, so that they are not taken for parts of its decomposition.
    if (!task.inputsVisited) {
      task.inputsVisited = true;
      const missing = this.#missing(item.inputs, device, via);
      if (missing.length > 0) return missing;
    }
    const missing = this.#missing(task.choice.outputs, device, [...via, item.op]);
    if (missing.length === 0) {
      this.#finish(
        task,
        task.choice.outputs.map((output) => this.valueOf(output.value, device)),
      );
    }
    return missing;
  }

  #missing(tensors: readonly Tensor[], device: Device, via: readonly string[]): Task[] {
    const missing: Task[] = [];
    for (const { value } of tensors) {
      if (value.kind !== 'call' && value.kind !== 'transfer') continue;
      const item = value.kind === 'call' ? value.node : value;
      const on = item.device ?? device;
      if (!this.#done.get(item)?.has(on)) missing.push({ item, device: on, via });
    }
    return missing.reverse();
  }

  #emit(
    node: CallNode,
    choice: Extract<Choice, { kind: 'kernel' }>,
    device: Device,
    via: readonly string[],
  ): readonly LoweredValue[] {
    const inputs = choice.inputs.map((input): LoweredOperand => {
      const strides = isContiguous(input) ? contiguousStrides(input.shape) : input.strides;
      const value = this.valueOf(input.value, device);
      return { dtype: input.dtype, shape: input.shape, strides, offset: input.offset, value };
    });
    const key = this.#keyOf(node, inputs, device);
    const known = this.#equalCalls.get(key);
    if (known) return known;
    const outputs = node.outputs.map((type) => this.#add(type, device, { kind: 'call' }));
    this.calls.push({
      op: node.op,
      attributes: node.attributes,
      device,
      inputs,
      outputs,
      traits: choice.traits,
      via,
    });
    this.#equalCalls.set(key, outputs);
    return outputs;
  }

  #keyOf(node: CallNode, inputs: readonly LoweredOperand[], device: Device): string {
    const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    const operands = inputs.map(({ value, shape, strides, offset }) => [value.id, shape, strides, offset]);
    const outputs = node.outputs.map(({ dtype, shape }) => [dtype, shape]);
    const numbers = (_: string, value: unknown): unknown =>
      typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
        ? `${Object.is(value, -0) ? '-0' : value}`
        : value;
    return JSON.stringify([node.op, this.#idOf(device), attributes, operands, outputs], numbers);
  }

  #idOf(device: Device): number {
    const id = this.#deviceIds.get(device) ?? this.#deviceIds.size;
    this.#deviceIds.set(device, id);
    return id;
  }

  #leaf(value: Value, device: Device, origin: LoweredValue['origin']): LoweredValue {
    const known = this.#done.get(value)?.get(device)?.[0];
    if (known) return known;
    if (value.kind === 'stored' && value.storage.state !== 'live') {
      throw new HybraError('E_DISPOSED', `compile: a captured tensor was ${value.storage.state}.`, {
        state: value.storage.state,
      });
    }
    const key = value.kind === 'literal' ? this.#literalKey(value, device) : undefined;
    const leaf =
      (key === undefined ? undefined : this.#equalLiterals.get(key)) ?? this.#add(value, device, origin);
    if (key !== undefined) this.#equalLiterals.set(key, leaf);
    this.#remember(value, device, [leaf]);
    return leaf;
  }

  /** Small constants are many and mostly alike: equal ones share one buffer. */
  #literalKey({ dtype, shape, data }: LiteralValue, device: Device): string | undefined {
    if (data.byteLength > 64) return undefined;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return `${this.#idOf(device)} ${dtype} ${shape} ${bytes}`;
  }

  #add(type: TensorType, device: Device, origin: LoweredValue['origin']): LoweredValue {
    const value = { id: this.values.length, dtype: type.dtype, shape: type.shape, device, origin };
    this.values.push(value);
    return value;
  }

  #finish(task: Task, outputs: readonly LoweredValue[]): void {
    this.#remember(task.item, task.device, outputs);
  }

  #remember(item: object, device: Device, outputs: readonly LoweredValue[]): void {
    const byDevice = this.#done.get(item) ?? new Map<Device, readonly LoweredValue[]>();
    byDevice.set(device, outputs);
    this.#done.set(item, byDevice);
  }
}
