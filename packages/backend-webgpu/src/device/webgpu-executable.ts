import { type DeviceBuffer, type Executable, HybraError, type Program } from '@hybra/spec';
import { bufferUsage } from '../gpu-constants.js';
import { BoundDispatch, type BoundMemory } from './bound-dispatch.js';
import { CallTimer } from './call-timer.js';
import type { Commands } from './commands.js';
import type { Failures } from './failures.js';
import { type PreparedDispatch, packParameters } from './prepared-dispatch.js';
import type { Staging } from './staging.js';
import { paddedSize, type WebGpuBuffer } from './webgpu-buffer.js';

/** What an executable needs of its device. */
export interface ExecutableHost {
  readonly gpu: GPUDevice;
  readonly failures: Failures;
  readonly commands: Commands;
  readonly staging: Staging;
  /** @throws E_DEVICE_LOST, E_DISPOSED, E_ARGUMENT */
  own(buffer: DeviceBuffer, what: string): WebGpuBuffer;
  /** Stands in where an operand has no elements. */
  readonly nothing: WebGpuBuffer;
  settle(): Promise<void>;
}

/** A program with its shaders compiled, its arena allocated and its bind groups kept: a run only encodes. */
export class WebGpuExecutable implements Executable {
  readonly arenaBytes: number;
  readonly launches: readonly number[];
  readonly timings?: () => Promise<readonly number[]>;
  readonly #host: ExecutableHost;
  readonly #program: Program;
  readonly #segments: readonly WebGpuBuffer[];
  readonly #uniforms: GPUBuffer;
  readonly #dispatches: readonly BoundDispatch[];
  /** For each binding the dispatches that touch it. */
  readonly #dispatchesOf: readonly (readonly BoundDispatch[])[];
  readonly #bound: (WebGpuBuffer | undefined)[];
  readonly #timer: CallTimer | undefined;
  #hasRun = false;
  #isDisposed = false;

  constructor(
    host: ExecutableHost,
    program: Program,
    segments: readonly WebGpuBuffer[],
    dispatches: readonly PreparedDispatch[],
    isTimed: boolean,
  ) {
    this.#host = host;
    this.#program = program;
    this.#segments = segments;
    this.arenaBytes = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
    const launches = program.calls.map(() => 0);
    for (const { call } of dispatches) launches[call]! += 1;
    this.launches = launches;
    const { gpu } = host;
    const { bytes, places } = packParameters(dispatches);
    this.#uniforms = gpu.createBuffer({
      label: `${program.label} parameters`,
      size: bytes.byteLength,
      usage: bufferUsage.uniform | bufferUsage.copyDestination,
    });
    gpu.queue.writeBuffer(this.#uniforms, 0, bytes);
    this.#dispatches = dispatches.map(
      (dispatch, index) => new BoundDispatch(gpu, dispatch, { buffer: this.#uniforms, ...places[index]! }),
    );
    const isBound = new Set<BoundDispatch>();
    this.#dispatchesOf = program.bindings.map((_, binding) => {
      const buffers = new Set(
        program.buffers.flatMap(({ location }, index) =>
          location.kind === 'binding' && location.index === binding ? [index] : [],
        ),
      );
      const touching = this.#dispatches.filter((dispatch) => dispatch.uses(buffers));
      for (const dispatch of touching) isBound.add(dispatch);
      return touching;
    });
    for (const dispatch of this.#dispatches) if (!isBound.has(dispatch)) dispatch.bind(this.#memoryOf);
    this.#bound = program.bindings.map(() => undefined);
    if (isTimed && CallTimer.isPossible(gpu, program.calls.length)) {
      this.#timer = new CallTimer(gpu, program.calls.length);
      this.timings = () => this.#readTimings();
    }
  }

  run(bindings: readonly DeviceBuffer[]): void {
    this.#checkUsable();
    const isRenewed = this.#bind(this.#checkBindings(bindings));
    const { failures, commands } = this.#host;
    const encode = (): void => {
      const encoder = commands.encoderForRun();
      if (this.#timer) this.#encodeTimed(encoder, this.#timer);
      else this.#encode(encoder);
    };
    if (!isRenewed) {
      encode();
      return;
    }
    // What was valid with these bind groups stays so: error scopes, which take as long as some dispatches, are for
    // new ones.
    commands.submit();
    failures.scope(`program ${this.#program.label}`, () => {
      encode();
      commands.submit();
    });
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const segment of this.#segments) segment.dispose();
    for (const dispatch of this.#dispatches) dispatch.dispose();
    this.#uniforms.destroy();
    this.#timer?.dispose();
    this.#bound.fill(undefined);
  }

  #encode(encoder: GPUCommandEncoder): void {
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    for (const dispatch of this.#dispatches) {
      if (dispatch.pipeline !== pipeline) {
        pipeline = dispatch.pipeline;
        pass.setPipeline(pipeline);
      }
      pass.setBindGroup(0, dispatch.group);
      if (dispatch.isFlat) pass.dispatchWorkgroups(dispatch.x);
      else pass.dispatchWorkgroups(dispatch.x, dispatch.y, dispatch.z);
    }
    pass.end();
  }

  #encodeTimed(encoder: GPUCommandEncoder, timer: CallTimer): void {
    let pass: GPUComputePassEncoder | undefined;
    let call = -1;
    for (const dispatch of this.#dispatches) {
      if (dispatch.call !== call) {
        pass?.end();
        call = dispatch.call;
        pass = encoder.beginComputePass(timer.passOf(call));
      }
      pass!.setPipeline(dispatch.pipeline);
      pass!.setBindGroup(0, dispatch.group);
      pass!.dispatchWorkgroups(dispatch.x, dispatch.y, dispatch.z);
    }
    pass?.end();
    timer.resolve(encoder);
  }

  #checkBindings(bindings: readonly DeviceBuffer[]): WebGpuBuffer[] {
    const { label, bindings: declared } = this.#program;
    if (bindings.length !== declared.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: got ${bindings.length} bindings, expected ${declared.length}.`,
        { program: label, got: bindings.length, expected: declared.length },
      );
    }
    return declared.map(({ name, byteLength }, index) => {
      const buffer = this.#host.own(bindings[index]!, `program ${label}, binding ${name}`);
      if (buffer.byteLength >= byteLength) return buffer;
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: binding ${name} has ${buffer.byteLength} bytes, expected at least ${byteLength}.`,
        { program: label, binding: name, got: buffer.byteLength, expected: byteLength },
      );
    });
  }

  /** Renews the bind groups that touch a binding whose buffer is another one than in the last run: whether any did. */
  #bind(buffers: readonly WebGpuBuffer[]): boolean {
    const stale = new Set<BoundDispatch>();
    for (const [binding, buffer] of buffers.entries()) {
      if (this.#bound[binding] === buffer) continue;
      this.#bound[binding] = buffer;
      for (const dispatch of this.#dispatchesOf[binding]!) stale.add(dispatch);
    }
    for (const dispatch of stale) dispatch.bind(this.#memoryOf);
    return stale.size > 0 || this.#isFirst();
  }

  #isFirst(): boolean {
    const isFirst = !this.#hasRun;
    this.#hasRun = true;
    return isFirst;
  }

  readonly #memoryOf = (buffer: number, byteOffset: number, length: number | undefined): BoundMemory => {
    const { location, byteLength } = this.#program.buffers[buffer]!;
    const { nothing } = this.#host;
    if (byteLength === 0) {
      return { gpuBuffer: nothing.gpuBuffer, id: nothing.id, offset: 0, size: nothing.gpuBuffer.size };
    }
    const size = paddedSize(length ?? byteLength - byteOffset);
    if (location.kind === 'binding') {
      const { gpuBuffer, id } = this.#bound[location.index]!;
      return { gpuBuffer, id, offset: byteOffset, size: Math.min(size, gpuBuffer.size - byteOffset) };
    }
    const { gpuBuffer, id } = this.#segments[location.segment]!;
    const offset = location.byteOffset + byteOffset;
    return { gpuBuffer, id, offset, size: Math.min(size, gpuBuffer.size - offset) };
  };

  async #readTimings(): Promise<readonly number[]> {
    this.#checkUsable();
    await this.#host.settle();
    return this.#timer!.read(this.#host.staging);
  }

  #checkUsable(): void {
    if (!this.#isDisposed) return;
    const { label } = this.#program;
    throw new HybraError('E_DISPOSED', `program ${label}: the executable was disposed of.`, {
      program: label,
    });
  }
}
