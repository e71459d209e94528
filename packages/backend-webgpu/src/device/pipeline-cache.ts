import { HybraError } from '@hybra/spec';
import { shaderStageCompute } from '../gpu-constants.js';

/** A compiled shader with the layout of its bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines by their WGSL: programs of other sizes find those of the first. They compile side by side. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  /**
   * @param isWritten for each storage buffer whether the shader writes it
   * @throws E_UNSUPPORTED_OP with the compiler's message
   */
  get(label: string, code: string, isWritten: readonly boolean[]): Promise<Pipeline> {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const created = this.#create(label, code, isWritten);
    this.#pipelines.set(code, created);
    // One that failed may be tried again; its error goes to whoever asked.
    created.catch(() => this.#pipelines.delete(code));
    return created;
  }

  async #create(label: string, code: string, isWritten: readonly boolean[]): Promise<Pipeline> {
    const layout = this.#layout(isWritten);
    const gpu = this.#gpu;
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label, code });
    const refused = gpu.popErrorScope();
    try {
      const pipeline = await gpu.createComputePipelineAsync({
        label,
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      });
      return { pipeline, layout };
    } catch (error) {
      const reason = (await refused.catch(() => null))?.message ?? String(error);
      throw new HybraError(
        'E_UNSUPPORTED_OP',
        `${label}: the shader does not compile on this device: ${reason}`,
        { kernel: label, code },
        { cause: error },
      );
    }
  }

  #layout(isWritten: readonly boolean[]): GPUBindGroupLayout {
    const key = isWritten.map(Number).join('');
    const known = this.#layouts.get(key);
    if (known) return known;
    const layout = this.#gpu.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: shaderStageCompute, buffer: { type: 'uniform' } },
        ...isWritten.map((written, index) => ({
          binding: index + 1,
          visibility: shaderStageCompute,
          buffer: { type: written ? ('storage' as const) : ('read-only-storage' as const) },
        })),
      ],
    });
    this.#layouts.set(key, layout);
    return layout;
  }
}
