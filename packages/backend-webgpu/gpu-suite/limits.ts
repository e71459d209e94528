import type { Device } from '@hybra/spec';
import { timeOf } from './timing.js';

/** What the card and Dawn allow: memory bandwidth, and what a dispatch costs on the host and on the GPU. */
export async function limits(device: Device, gpu: GPUDevice): Promise<string> {
  const bytes = 2 ** 30;
  const from = device.allocate(bytes);
  const to = device.allocate(bytes);
  const seconds = await timeOf(device, 10, () => device.copy(from, 0, to, 0, bytes));
  from.dispose();
  to.dispose();
  const reading = await readBandwidth(gpu);
  const chain = await dispatchCost(gpu);
  return `copy ${((2 * bytes) / seconds / 1e9).toFixed(0)} GB/s read and written, a shader reads ${reading.toFixed(0)} GB/s; a dispatch that waits for the one before: ${chain.gpu.toFixed(2)} us, of which the host encodes ${chain.host.toFixed(2)} us`;
}

async function readBandwidth(gpu: GPUDevice): Promise<number> {
  const bytes = 2 ** 30;
  const source = gpu.createBuffer({ size: bytes, usage: 0x80 });
  const target = gpu.createBuffer({ size: 16, usage: 0x80 });
  const groups = 2048;
  const module = gpu.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) g: vec3<u32>) {
  var any = vec4<u32>();
  let count = arrayLength(&source);
  for (var i = g.x; i < count; i += ${groups * 256 * 4}u) {
    any |= source[i] | source[i + ${groups * 256}u] | source[i + ${groups * 512}u] | source[i + ${groups * 768}u];
  }
  if (any.x + any.y + any.z + any.w == 12345u) { found[0] = 1u; }
}`,
  });
  const pipeline = await gpu.createComputePipelineAsync({
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  });
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [source, target].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < 20; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    times.push((performance.now() - begun) / 20 / 1000);
  }
  source.destroy();
  target.destroy();
  return bytes / Math.min(...times) / 1e9;
}

async function dispatchCost(gpu: GPUDevice): Promise<{ readonly host: number; readonly gpu: number }> {
  const count = 1000;
  const module = gpu.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) g: vec3<u32>) { x[g.x] = x[g.x] + 1.0; }`,
  });
  const buffer = gpu.createBuffer({ size: 64 * 4 * 132, usage: 0x80 });
  const pipelines = await Promise.all(
    [0, 1].map(() =>
      gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } }),
    ),
  );
  const groups = pipelines.map((pipeline) =>
    gpu.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    }),
  );
  let host = Number.POSITIVE_INFINITY;
  let all = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const begun = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < count; i++) {
      pass.setPipeline(pipelines[i & 1]!);
      pass.setBindGroup(0, groups[i & 1]!);
      pass.dispatchWorkgroups(132);
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    host = Math.min(host, performance.now() - begun);
    await gpu.queue.onSubmittedWorkDone();
    all = Math.min(all, performance.now() - begun);
  }
  buffer.destroy();
  return { host, gpu: all };
}
