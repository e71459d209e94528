import {
  type Capabilities,
  type CompileOptions,
  checkRange,
  type Device,
  type DeviceBuffer,
  type DeviceLoss,
  HybraError,
  type OpCall,
  type Program,
  resolveKernels,
  type Support,
  throwIfAborted,
} from '@hybra/spec';
import { planProgram } from '../fusion/plan-program.js';
import { bufferUsage } from '../gpu-constants.js';
import { type DeviceFacts, storedDTypes, type WebGpuKernel } from '../kernel.js';
import { ByteCopy } from './byte-copy.js';
import { chooseKernel } from './choose-kernel.js';
import { Commands } from './commands.js';
import { Failures } from './failures.js';
import { PipelineCache } from './pipeline-cache.js';
import { prepareDispatches } from './prepared-dispatch.js';
import { Staging } from './staging.js';
import { untilAborted } from './until-aborted.js';
import { paddedSize, WebGpuBuffer } from './webgpu-buffer.js';
import { type ExecutableHost, WebGpuExecutable } from './webgpu-executable.js';

/** What a device is made of. */
export interface WebGpuDeviceOptions {
  readonly backend: string;
  readonly name: string;
  readonly gpu: GPUDevice;
  /** Where the GPU device comes from. Dawn crashes when it is collected before its devices. */
  readonly origin: GPU | undefined;
  /** Whether disposing of the device destroys the GPU device. */
  readonly ownsGpu: boolean;
  readonly kernels: readonly WebGpuKernel[];
  readonly facts: DeviceFacts;
  /** Whether calls that belong together are computed in one dispatch. */
  readonly isFusing: boolean;
  readonly subgroupSize: number | undefined;
}

/** Bytes to which WebGPU aligns the offset of a binding, at most: what every device takes. */
const bindingAlignment = 256;

const storageUsage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination;

/** A GPUDevice as a device of the contract. */
export class WebGpuDevice implements Device {
  readonly backend: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly lost: Promise<DeviceLoss>;
  readonly #gpu: GPUDevice;
  /** Kept from the garbage collector until the device is gone. */
  readonly origin: GPU | undefined;
  readonly #ownsGpu: boolean;
  readonly #kernels: readonly WebGpuKernel[];
  readonly #kernelsByName: ReadonlyMap<string, WebGpuKernel>;
  readonly #facts: DeviceFacts;
  readonly #isFusing: boolean;
  readonly #failures: Failures;
  readonly #commands: Commands;
  readonly #staging: Staging;
  readonly #pipelines: PipelineCache;
  readonly #bytes: ByteCopy;
  readonly #buffers = new Set<WebGpuBuffer>();
  readonly #nothing: WebGpuBuffer;
  #nextId = 0;
  #memoryBytes = 0;
  #loss: DeviceLoss | undefined;
  #resolveLost: (loss: DeviceLoss) => void = () => undefined;

  constructor(options: WebGpuDeviceOptions) {
    this.backend = options.backend;
    this.name = options.name;
    this.#gpu = options.gpu;
    this.origin = options.origin;
    this.#ownsGpu = options.ownsGpu;
    this.#kernels = options.kernels;
    this.#kernelsByName = new Map([...options.kernels].reverse().map((kernel) => [kernel.name, kernel]));
    this.#facts = options.facts;
    this.#isFusing = options.isFusing;
    const { limits } = options.gpu;
    this.capabilities = {
      storage: storedDTypes,
      arithmetic: ['f32', 'i32', 'u32'],
      alignment: bindingAlignment,
      largestBinding: Math.min(
        options.facts.largestBinding ?? limits.maxStorageBufferBindingSize,
        limits.maxBufferSize,
      ),
      aliasesSegments: false,
      ...(options.subgroupSize !== undefined && { subgroupSize: options.subgroupSize }),
    };
    this.#failures = new Failures(options.gpu);
    this.#commands = new Commands(options.gpu);
    this.#staging = new Staging(options.gpu, this.#commands);
    this.#pipelines = new PipelineCache(options.gpu);
    this.#bytes = new ByteCopy(options.gpu);
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    void options.gpu.lost.then(({ reason, message }) => {
      this.#lose({ reason: reason === 'destroyed' ? 'destroyed' : 'unknown', message });
    });
    this.#nothing = this.#create(bindingAlignment, 'hybra nothing');
  }

  supports(call: OpCall): Support {
    return chooseKernel(this.#kernels, call, this.#facts);
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<WebGpuExecutable> {
    this.#checkLive();
    throwIfAborted(options.signal, `compile ${program.label}`);
    const kernels = resolveKernels(
      program,
      this.#kernelsByName,
      (kernel, call) => kernel.supports(call, this.#facts),
      { alignment: bindingAlignment, outputsBeginBuffers: true },
    );
    const dispatches = await untilAborted(
      prepareDispatches(
        program,
        planProgram(program, kernels, this.#facts, this.#isFusing),
        this.#pipelines,
        options.onProgress,
      ).catch((error: unknown) => this.#rethrow(error)),
      options.signal,
      `compile ${program.label}`,
    );
    this.#checkLive();
    const segments: WebGpuBuffer[] = [];
    try {
      for (const bytes of program.segments) segments.push(this.#allocate(bytes, `${program.label} arena`));
      await this.#failures.settle();
    } catch (error) {
      for (const segment of segments) segment.dispose();
      throw error;
    }
    return new WebGpuExecutable(this.#host(), program, segments, dispatches, options.timings === true);
  }

  allocate(byteLength: number, label?: string): DeviceBuffer {
    this.#checkLive();
    return this.#allocate(byteLength, label);
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const to = this.#own(buffer, 'write');
    checkRange('write', to.byteLength, byteOffset, data.byteLength);
    if (data.byteLength === 0) return;
    this.#commands.submit();
    const reachesEnd = byteOffset + data.byteLength === to.byteLength;
    if (byteOffset % 4 === 0 && (data.byteLength % 4 === 0 || reachesEnd)) {
      this.#gpu.queue.writeBuffer(to.gpuBuffer, byteOffset, wholeWords(data));
      return;
    }
    this.#throughTemporary(data.byteLength, (temporary) => {
      this.#gpu.queue.writeBuffer(temporary, 0, wholeWords(data));
      this.#bytes.copy(temporary, 0, to.gpuBuffer, byteOffset, data.byteLength);
    });
  }

  copy(
    fromBuffer: DeviceBuffer,
    fromOffset: number,
    toBuffer: DeviceBuffer,
    toOffset: number,
    byteLength: number,
  ): void {
    const from = this.#own(fromBuffer, 'copy').gpuBuffer;
    const to = this.#own(toBuffer, 'copy').gpuBuffer;
    checkRange('copy from', fromBuffer.byteLength, fromOffset, byteLength);
    checkRange('copy to', toBuffer.byteLength, toOffset, byteLength);
    if (byteLength === 0) return;
    if (from === to) {
      // WebGPU copies between different buffers only.
      this.#throughTemporary(byteLength, (temporary) => {
        this.#copyBytes(from, fromOffset, temporary, 0, byteLength);
        this.#copyBytes(temporary, 0, to, toOffset, byteLength);
      });
    } else this.#copyBytes(from, fromOffset, to, toOffset, byteLength);
  }

  async read(
    buffer: DeviceBuffer,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const from = this.#own(buffer, 'read');
    checkRange('read', from.byteLength, byteOffset, byteLength);
    throwIfAborted(signal, 'read');
    if (byteLength === 0) {
      await this.synchronize(signal);
      return new Uint8Array(0);
    }
    const first = Math.floor(byteOffset / 4) * 4;
    const length = Math.ceil((byteOffset + byteLength - first) / 4) * 4;
    const bytes = await this.#wait(this.#staging.read(from.gpuBuffer, first, length), signal, 'read');
    return bytes.slice(byteOffset - first, byteOffset - first + byteLength);
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    this.#checkLive();
    throwIfAborted(signal, 'synchronize');
    this.#commands.submit();
    await this.#wait(this.#gpu.queue.onSubmittedWorkDone(), signal, 'synchronize');
  }

  memoryBytes(): number {
    this.#checkLive();
    return this.#memoryBytes;
  }

  async dispose(): Promise<void> {
    if (this.#loss) return;
    this.#lose({ reason: 'destroyed', message: 'disposed of' });
    this.#failures.dispose();
    this.#staging.dispose();
    for (const buffer of [...this.#buffers, this.#nothing]) buffer.gpuBuffer.destroy();
    this.#buffers.clear();
    if (this.#ownsGpu) this.#gpu.destroy();
  }

  /** The result of something asynchronous, or the failure that came before it. */
  async #wait<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
    const settled = work.then(
      async (value) => {
        await this.#failures.settle();
        this.#checkLive();
        return value;
      },
      async (error: unknown) => {
        await this.#failures.settle();
        return this.#rethrow(error);
      },
    );
    return untilAborted(settled, signal, what);
  }

  /** An error of WebGPU's: after a loss, the loss. */
  async #rethrow(error: unknown): Promise<never> {
    // A rejection may overtake the news of the loss by some turns of the event loop.
    await Promise.race([this.#gpu.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
    this.#checkLive();
    if (HybraError.isInstance(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new HybraError('E_ARGUMENT', `${this.name}: ${message}`, { device: this.name }, { cause: error });
  }

  #allocate(byteLength: number, label: string | undefined): WebGpuBuffer {
    const { maxBufferSize } = this.#gpu.limits;
    if (!(byteLength <= maxBufferSize)) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'a buffer'}: ${byteLength} bytes pass the largest buffer of ${this.name}, ${maxBufferSize} bytes. Use a smaller dtype, batch or context, or another device.`,
        { device: this.name, byteLength, maxBufferSize },
      );
    }
    const buffer = this.#create(byteLength, label);
    this.#buffers.add(buffer);
    this.#memoryBytes += byteLength;
    return buffer;
  }

  #create(byteLength: number, label: string | undefined): WebGpuBuffer {
    const size = paddedSize(byteLength);
    const gpuBuffer = this.#failures.scope(`${label ?? 'a buffer'} of ${byteLength} bytes`, () =>
      this.#gpu.createBuffer({ ...(label !== undefined && { label }), size, usage: storageUsage }),
    );
    return new WebGpuBuffer({
      byteLength,
      label,
      id: this.#nextId++,
      gpuBuffer,
      release: (released) => {
        if (!this.#loss) this.#commands.submit();
        if (this.#buffers.delete(released)) this.#memoryBytes -= byteLength;
      },
    });
  }

  #copyBytes(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, byteLength: number): void {
    if (fromOffset % 4 !== 0 || toOffset % 4 !== 0 || byteLength % 4 !== 0) {
      this.#commands.submit();
      this.#bytes.copy(from, fromOffset, to, toOffset, byteLength);
      return;
    }
    this.#commands.encoder().copyBufferToBuffer(from, fromOffset, to, toOffset, byteLength);
  }

  #throughTemporary(byteLength: number, use: (temporary: GPUBuffer) => void): void {
    const temporary = this.#gpu.createBuffer({ size: paddedSize(byteLength), usage: storageUsage });
    use(temporary);
    this.#commands.submit();
    temporary.destroy();
  }

  #host(): ExecutableHost {
    return {
      gpu: this.#gpu,
      failures: this.#failures,
      commands: this.#commands,
      staging: this.#staging,
      nothing: this.#nothing,
      own: (buffer, what) => this.#own(buffer, what),
      settle: () => this.synchronize(),
    };
  }

  #own(buffer: DeviceBuffer, what: string): WebGpuBuffer {
    this.#checkLive();
    const own = buffer as WebGpuBuffer;
    if (this.#buffers.has(own)) return own;
    // Freed buffers have left the set; `isDisposed` still tells them from strangers.
    if (own.isDisposed === true) {
      throw new HybraError('E_DISPOSED', `${what}: the buffer was disposed of.`, { what, label: own.label });
    }
    throw new HybraError(
      'E_ARGUMENT',
      `${what}: the buffer belongs to another device. Copy it with read and write.`,
      { what, device: this.name },
    );
  }

  #lose(loss: DeviceLoss): void {
    this.#loss ??= loss;
    this.#resolveLost(this.#loss);
  }

  #checkLive(): void {
    if (!this.#loss) return;
    const { reason, message } = this.#loss;
    throw new HybraError(
      'E_DEVICE_LOST',
      `${this.name} was lost (${reason}${message ? `: ${message}` : ''}). Open another device and load again.`,
      { device: this.name, reason },
    );
  }
}

/** The bytes with zeros up to a whole word. */
function wholeWords(data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.byteLength % 4 === 0 && data.buffer instanceof ArrayBuffer) return data as Uint8Array<ArrayBuffer>;
  const padded = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
  padded.set(data);
  return padded;
}
