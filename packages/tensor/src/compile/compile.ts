import {
  type CompileOptions,
  type Device,
  formatType,
  HybraError,
  type TensorType,
  throwIfAborted,
} from '@hybra/spec';
import { bytesOf } from '../graph/storage.js';
import { Tensor } from '../graph/tensor.js';
import type { PlaceholderValue } from '../graph/value.js';
import { CompiledProgram, type CompiledStage } from '../run/compiled-program.js';
import { lower } from './lower.js';
import type { LoweredValue } from './lowered.js';
import { plan } from './plan.js';
import { type NamedRoots, stageRequests } from './stage-requests.js';

/** The type of something supplied at each run, and the device it lies on if not the program's. */
export interface PlaceholderType extends TensorType {
  readonly device?: Device;
}

/** Named tensors. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a traced function gives back. */
export interface Traced {
  readonly outputs?: Tensors;
  /** The new value of every state; one left out stays as it is. */
  readonly states?: Tensors;
}

/** A computation to compile: a plain function over tensors, traced once for these types. */
export interface CompileRequest extends CompileOptions {
  /** Names the program in `explain()` and in traces. */
  readonly label: string;
  /** Where inputs, states and constants lie that do not say otherwise. */
  readonly device: Device;
  /** Read only; may differ from run to run. */
  readonly inputs?: Readonly<Record<string, PlaceholderType>>;
  /** Read and updated in place: a run donates the tensors given for them. */
  readonly states?: Readonly<Record<string, PlaceholderType>>;
  readonly build: (trace: { readonly inputs: Tensors; readonly states: Tensors }) => Traced;
}

/**
 * Traces `build`, lowers it to kernels, plans its memory and compiles it on its devices. Stored tensors that
 * `build` closes over (weights) are bound once.
 * @throws whatever `build` throws while recording; E_UNSUPPORTED_OP; E_OUT_OF_MEMORY; E_ABORTED; E_ARGUMENT
 * @example
 * const program = await compile({
 *   label: 'double', device,
 *   inputs: { x: { dtype: 'f32', shape: [3] } },
 *   build: ({ inputs }) => ({ outputs: { y: mul(inputs.x!, 2) } }),
 * });
 */
export async function compile(request: CompileRequest): Promise<CompiledProgram> {
  const { label, device, signal } = request;
  throwIfAborted(signal, label);
  const inputs = placeholders(request.inputs ?? {}, 'input', device);
  const states = placeholders(request.states ?? {}, 'state', device);
  const traced = request.build({ inputs, states });
  const outputs = Object.entries(traced.outputs ?? {});
  const updates = Object.entries(traced.states ?? {});
  for (const [name, tensor] of updates) checkState(label, name, states[name], tensor);

  const graph = lower(
    [
      ...outputs.map(([, tensor]) => ({ tensor, device })),
      ...updates.map(([name, tensor]) => ({ tensor, device: states[name]!.device! })),
    ],
    device,
  );
  const before = new Map<string, LoweredValue>();
  for (const value of graph.values) {
    if (value.origin.kind !== 'placeholder') continue;
    const { name, role } = value.origin.value;
    checkOwnPlaceholder(label, value.origin.value, (role === 'state' ? states : inputs)[name]);
    if (role === 'state') before.set(name, value);
  }
  for (const [index, [name]] of updates.entries()) {
    checkStateDevice(label, name, states[name]!.device!, graph.roots[outputs.length + index]!.device);
  }
  const roots: NamedRoots = {
    outputs: new Map(outputs.map(([name], index) => [name, graph.roots[index]!])),
    states: new Map(
      updates.map(([name], index) => [
        name,
        { before: before.get(name), after: graph.roots[outputs.length + index]! },
      ]),
    ),
  };
  const { stages, transfers } = stageRequests(label, graph, roots);
  const compiled: CompiledStage[] = [];
  const { timings, onProgress } = request;
  const options = {
    ...(signal && { signal }),
    ...(timings && { timings }),
    ...(onProgress && { onProgress }),
  };
  try {
    for (const stage of stages) {
      const planned = plan(stage.request);
      const executable = await stage.device.compile(planned.program, options);
      compiled.push({
        device: stage.device,
        level: stage.level,
        sources: stage.sources,
        plan: planned,
        executable,
      });
    }
    throwIfAborted(signal, label);
    return new CompiledProgram({
      label,
      inputs,
      states,
      outputTypes: new Map(
        outputs.map(([name, { dtype, shape }], index) => [
          name,
          { dtype, shape, device: graph.roots[index]!.device },
        ]),
      ),
      weights: graph.values.flatMap(({ origin }) => (origin.kind === 'stored' ? [origin.value] : [])),
      stages: compiled,
      transfers,
      literalBytes: (value) => (value.origin.kind === 'literal' ? bytesOf(value.origin.data) : undefined),
    });
  } catch (error) {
    for (const { executable } of compiled) executable.dispose();
    throw error;
  }
}

function placeholders(
  types: Readonly<Record<string, PlaceholderType>>,
  role: 'input' | 'state',
  device: Device,
): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const [name, type] of Object.entries(types)) {
    const { dtype, shape } = type;
    const on = type.device ?? device;
    tensors[name] = new Tensor(Object.freeze({ kind: 'placeholder', name, role, dtype, shape, device: on }));
  }
  return tensors;
}

/** @throws E_ARGUMENT for a placeholder of another program, which would be bound by its name */
function checkOwnPlaceholder(label: string, used: PlaceholderValue, declared: Tensor | undefined): void {
  const { name, role } = used;
  if (declared?.value === used) return;
  throw new HybraError(
    'E_ARGUMENT',
    `${label}: build uses ${role} ${name} of another program. Use the inputs and states that build is given.`,
    { name, role },
  );
}

function checkStateDevice(label: string, name: string, declared: Device, computed: Device): void {
  if (declared === computed) return;
  throw new HybraError(
    'E_ARGUMENT',
    `${label}: state ${name} lies on ${declared.name}, its new value on ${computed.name}. Move it with transfer().`,
    { name, devices: [declared.name, computed.name] },
  );
}

function checkState(label: string, name: string, before: Tensor | undefined, after: Tensor): void {
  if (before === undefined) {
    throw new HybraError(
      'E_ARGUMENT',
      `${label}: build returned a state ${name} that the program does not declare.`,
      { name },
    );
  }
  if (formatType(before) !== formatType(after)) {
    throw new HybraError(
      'E_SHAPE',
      `${label}: state ${name} is ${formatType(before)} before and ${formatType(after)} after; a state keeps its type.`,
      { name, before: formatType(before), after: formatType(after) },
    );
  }
}
