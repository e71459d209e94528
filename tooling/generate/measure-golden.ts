import { Runner } from '@hybra/generate';
import { loadModel } from '@hybra/models';
import type { Device } from '@hybra/spec';
import type { Directory } from '@hybra/weights';
import { maxAbsoluteError } from '../../packages/cli/src/commands/verify/differences.js';
import { readGolden } from '../../packages/cli/src/commands/verify/golden.js';

/** The largest difference between a model's logits and those of a golden file. */
export async function measureGolden(
  checkpoint: Directory,
  options: { readonly golden: Directory; readonly device: Device; readonly dtype: 'f32' | 'bf16' },
): Promise<number> {
  const { device, dtype } = options;
  const model = await loadModel(checkpoint, { device, dtype });
  const runner = new Runner(model, {});
  try {
    const golden = await readGolden(options.golden, model.vocabularySize);
    const { logits, state } = await runner.forwardAll(
      golden.inputIds,
      runner.initialState(golden.inputIds.length),
    );
    state.dispose();
    return maxAbsoluteError(logits.data, golden.logits);
  } finally {
    runner.dispose();
    model.dispose();
  }
}
