/*
 * The GPU suite for WebGPU in Node: `node suite.mjs [--only name,…] [--seconds 540] [--toggles name,…] [--products float16] [--results FILE]`.
 * Prints one table; ends with 0 only if every section has passed. Speeds stand beside the limits of the card,
 * measured in the same run.
 */
import { parseArgs } from 'node:util';
import { cpu } from '@hybra/backend-cpu';
import { webgpu } from '@hybra/backend-webgpu';
import type { Device } from '@hybra/spec';
import { createGpu } from '@hybra/webgpu-node';
import { conformanceSections } from '../../backend-cuda/gpu-suite/conformance.js';
import { productSections } from '../../backend-cuda/gpu-suite/products.js';
import { runSections } from '../../backend-cuda/gpu-suite/run-sections.js';
import { measured, type Section } from '../../backend-cuda/gpu-suite/section.js';
import { verifySections } from '../../backend-cuda/gpu-suite/verify.js';
import { requestGpuDevice } from '../src/device/request-gpu-device.js';
import { fusionSections } from './fusion.js';
import { limits } from './limits.js';
import { modelTimes, profile } from './model-times.js';
import { mamba2Config, randomModel } from './random-model.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '540' },
    toggles: { type: 'string', default: '' },
    results: { type: 'string' },
    products: { type: 'string', default: 'float32' },
  },
});
const toggles = values.toggles.split(',').filter(Boolean);
const gpu = createGpu({ toggles, disabledToggles: ['timestamp_quantization'] });
const products = values.products === 'float16' ? 'float16' : 'float32';
const backend = webgpu({ gpu, products });
const probe = await backend.probe();
if (!probe.available) {
  console.error(`no GPU: ${probe.reason}`);
  process.exit(2);
}
const adapter = (await gpu.requestAdapter({ powerPreference: 'high-performance' }))!;
console.log(`${probe.devices[0]!.name}; toggles: ${toggles.join(', ') || 'none'}`);
console.log([...adapter.features].join(' '));

const section = (name: string, run: (device: Device) => Promise<string>): Section =>
  measured(backend, name, run);
const models = (['130m', '2.7b'] as const).flatMap((size) =>
  (['bf16', 'q8', 'q4'] as const).flatMap((matrices) => {
    const make = (device: Device) => randomModel(mamba2Config(size), device, matrices);
    const tokens = size === '130m' ? 400 : 150;
    return [
      section(`bench/${size}-${matrices}`, (device) => modelTimes(device, make, { tokens, prefill: 2048 })),
      section(`profile/decode-${size}-${matrices}`, (device) => profile(device, make, 0)),
      section(`profile/prefill-${size}-${matrices}`, (device) => profile(device, make, 1024)),
    ];
  }),
);
const sections: Section[] = [
  section('bench/limits', async (device) => {
    const { gpu: raw } = await requestGpuDevice(adapter, 'webgpu');
    try {
      return await limits(device, raw);
    } finally {
      raw.destroy();
    }
  }),
  ...models,
  ...fusionSections(gpu),
  ...productSections(backend, cpu()),
  ...verifySections('webgpu'),
  ...conformanceSections(backend, cpu()),
];
process.exit(await runSections(sections, { ...values, seconds: Number(values.seconds) }));
