import { Runner } from '@hybra/generate';
import { type HybridConfig, initialWeights, modelFromWeights } from '@hybra/models';
import type { Device, Executable } from '@hybra/spec';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from '../../test/open-vulkan.js';
import { webgpu } from '../backend.js';

const { gpu, vulkan } = await openVulkan();

const layers = 3;

function config(groups: number): HybridConfig {
  return {
    family: 'mamba2',
    vocabularySize: 64,
    hiddenSize: 32,
    layers: Array.from({ length: layers }, () => ({
      kind: 'mamba2',
      heads: 4,
      headSize: 16,
      stateSize: 16,
      groups,
      kernelSize: 4,
      chunkSize: 8,
      projectionBias: false,
      convolutionBias: true,
      normEpsilon: 1e-5,
      normBeforeGate: false,
      timeStepLimit: [0, Number.POSITIVE_INFINITY],
    })),
    norm: { kind: 'rms', epsilon: 1e-5 },
    isTied: true,
  };
}

/** Logits of the last of some single steps, and the dispatches of one. */
async function steps(groups: number, batch: number, fuse: boolean) {
  const real = await webgpu({ gpu, fuse }).open();
  let dispatches = 0;
  const compile: Device['compile'] = async (program, options): Promise<Executable> => {
    const executable = await real.compile(program, options);
    dispatches = executable.launches!.reduce((sum, count) => sum + count, 0);
    return executable;
  };
  const device = new Proxy(real, {
    get: (target, property) => {
      if (property === 'compile') return compile;
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const model = await modelFromWeights(config(groups), initialWeights(config(groups), 1), { device });
  const runner = new Runner(model);
  let state = runner.initialState(batch);
  let logits = new Float32Array(0);
  for (let step = 0; step < 5; step++) {
    const rows = Array.from({ length: batch }, (_, row) => [(step * 37 + row * 11) % 64]);
    const result = await runner.forward(rows, state);
    logits = Float32Array.from(result.logits!.data);
    state = result.state;
  }
  await real.dispose();
  return { logits, dispatches };
}

describeWith(vulkan, 'the step of Mamba-2', () => {
  it.each([
    [1, 1],
    [2, 1],
    [1, 3],
  ])(
    'takes three dispatches a layer, and gives what single calls give: %d groups, batch %d',
    async (groups, batch) => {
      const plain = await steps(groups, batch, false);
      const fused = await steps(groups, batch, true);
      // Norm and projection; convolution to gate; norm, projection and residual. Besides: what begins and ends a step.
      // Where one binds few buffers, fewer of those go together.
      const { maxStorageBuffersPerShaderStage: buffers } = (await gpu!.requestAdapter())!.limits;
      expect(fused.dispatches).toBeLessThanOrEqual(3 * layers + (buffers < 16 ? 11 : 8));
      expect(plain.dispatches).toBeGreaterThanOrEqual(12 * layers);
      const size = Math.max(...plain.logits.map(Math.abs));
      expect(size).toBeGreaterThan(0.01);
      // The same float32 sums in another order, through three layers.
      for (const [i, logit] of plain.logits.entries()) {
        expect(Math.abs(fused.logits[i]! - logit)).toBeLessThan(1e-5 * size);
      }
    },
  );
});
