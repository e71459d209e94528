import { webgpu } from '@hybra/backend-webgpu';
import { Runner } from '@hybra/generate';
import type { HybridConfig } from '@hybra/models';
import type { Section } from '../../backend-cuda/gpu-suite/section.js';
import { mamba2Config, randomModel } from './random-model.js';

/** Logits of single steps with calls fused and without: the same up to the order of sums. */
export function fusionSections(gpu: GPU): Section[] {
  const base = mamba2Config('130m');
  const small = (groups: number): HybridConfig => ({
    ...base,
    vocabularySize: 512,
    hiddenSize: 256,
    layers: base.layers
      .slice(0, 3)
      .map((layer) => (layer.kind === 'mamba2' ? { ...layer, heads: 8, groups } : layer)),
  });
  const logitsOf = async (
    config: HybridConfig,
    matrices: 'bf16' | 'q4' | 'q8',
    batch: number,
    fuse: boolean,
  ) => {
    const device = await webgpu({ gpu, fuse }).open();
    const model = randomModel(config, device, matrices);
    const runner = new Runner(model);
    let state = runner.initialState(batch);
    let logits = new Float32Array(0);
    for (let step = 0; step < 6; step++) {
      const rows = Array.from({ length: batch }, (_, row) => [(step * 37 + row * 11) % 512]);
      const result = await runner.forward(rows, state);
      logits = Float32Array.from((result.logits as { data: Float32Array }).data);
      state = result.state;
    }
    await device.dispose();
    return logits;
  };
  return ([1, 8] as const).flatMap((groups) =>
    (['bf16', 'q4', 'q8'] as const).flatMap((matrices) =>
      [1, 3].map(
        (batch): Section => ({
          name: `fusion/${matrices}-groups${groups}-batch${batch}`,
          async run() {
            const fused = await logitsOf(small(groups), matrices, batch, true);
            const plain = await logitsOf(small(groups), matrices, batch, false);
            let largest = 0;
            let difference = 0;
            for (const [i, value] of plain.entries()) {
              largest = Math.max(largest, Math.abs(value));
              difference = Math.max(difference, Math.abs(value - fused[i]!));
            }
            // Sums of a few hundred terms in another order, through three layers.
            const passed = fused.length === plain.length && difference <= 1e-4 * largest && largest > 0;
            return {
              passed,
              figures: `largest ${largest.toPrecision(3)}, difference ${difference.toExponential(1)}`,
              problems: [`difference ${difference} of ${largest}`],
            };
          },
        }),
      ),
    ),
  );
}
