/*
 * The GPU suite for WebGPU in Node: `node suite.mjs [--only name,…] [--seconds 540] [--toggles name,…] [--products float16] [--results FILE]`.
 * Prints one table; ends with 0 only if every section has passed. Speeds stand beside the limits of the card,
 * measured in the same run.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cpu } from '@hybra/backend-cpu';
import { webgpu } from '@hybra/backend-webgpu';
import type { Device } from '@hybra/spec';
import { createGpu } from '@hybra/webgpu-node';
import { conformanceSections } from '../../backend-cuda/gpu-suite/conformance.js';
import { productSections } from '../../backend-cuda/gpu-suite/products.js';
import { measured, type Outcome, type Section } from '../../backend-cuda/gpu-suite/section.js';
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
const started = performance.now();
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
      section(`profile/prefill-${size}-${matrices}`, (device) => profile(device, make, 512)),
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
const wanted = values.only?.split(',');
const chosen = sections.filter(({ name }) => !wanted || wanted.some((prefix) => name.startsWith(prefix)));
const results: Record<string, Outcome> = {};
let failed = 0;
for (const { name, run } of chosen) {
  if (performance.now() - started > Number(values.seconds) * 1000) {
    console.log(`not run ${name}`);
    failed += 1;
    continue;
  }
  const begun = performance.now();
  let outcome: Outcome;
  try {
    outcome = await run();
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    outcome = { passed: false, figures: '', problems: [problem] };
  }
  results[name] = outcome;
  if (!outcome.passed) failed += 1;
  const verdict = outcome.passed ? 'pass' : 'FAIL';
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${verdict} ${name.padEnd(30)} ${seconds.padStart(5)} s  ${outcome.figures}`);
  for (const problem of outcome.passed ? [] : outcome.problems.slice(0, 4)) {
    console.log(`      ${problem.slice(0, 500)}`);
  }
  if (values.results) writeFileSync(values.results, JSON.stringify(results, null, 1));
}
console.log(`${chosen.length - failed} of ${chosen.length} sections pass`);
process.exit(failed > 0 ? 1 : 0);
