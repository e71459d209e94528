import { bufferUsage } from '../gpu-constants.js';
import { spreadWorkgroups } from './spread-workgroups.js';

const code = `
struct Range { source_at: u32, target_at: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Range;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let w = p.target_at / 4u + (g.y * n.x + g.x) * 256u + l;
  if (w * 4u >= p.target_at + p.count) { return; }
  var word = target_words[w];
  for (var e = 0u; e < 4u; e++) {
    let at = w * 4u + e;
    if (at < p.target_at || at >= p.target_at + p.count) { continue; }
    let place = at - p.target_at + p.source_at;
    word = insertBits(word, source[place >> 2u] >> ((place & 3u) * 8u), e * 8u, 8u);
  }
  target_words[w] = word;
}`;

/** Copies bytes where WebGPU's own copy, which takes whole words only, does not. */
export class ByteCopy {
  readonly #gpu: GPUDevice;
  #pipeline: GPUComputePipeline | undefined;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Enqueues a copy between two different buffers. */
  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, byteLength: number): void {
    const gpu = this.#gpu;
    this.#pipeline ??= gpu.createComputePipeline({
      label: 'hybra byte copy',
      layout: 'auto',
      compute: { module: gpu.createShaderModule({ code }), entryPoint: 'main' },
    });
    const uniform = gpu.createBuffer({
      size: 16,
      usage: bufferUsage.uniform | bufferUsage.copyDestination,
    });
    gpu.queue.writeBuffer(uniform, 0, Uint32Array.of(fromOffset, toOffset, byteLength, 0));
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(
      0,
      gpu.createBindGroup({
        layout: this.#pipeline.getBindGroupLayout(0),
        entries: [uniform, from, to].map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
    const words = Math.ceil((byteLength + (toOffset % 4)) / 4);
    pass.dispatchWorkgroups(...spreadWorkgroups([Math.ceil(words / 256), 1, 1]));
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    uniform.destroy();
  }
}
