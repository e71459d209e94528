import { expect, it } from 'vitest';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { WeightSource } from '../safetensors/weight-source.js';
import { bytesSource } from '../sources/bytes-source.js';
import { encodeSafetensors } from '../writing/encode-safetensors.js';
import { takeWeights } from './take-weights.js';

function sourceOf(...names: string[]): Promise<WeightSource> {
  const bytes = new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer); // 1, −2
  const tensors = names.map((name) => ({ name, dtype: 'bf16' as const, shape: [1, 2], bytes }));
  return openSafetensors(bytesSource(encodeSafetensors({ tensors }), 'test'));
}

it('names a missing tensor, and ones like it', async () => {
  const weights = takeWeights(await sourceOf('backbone.embeddings.weight', 'lm_head.weight'));
  expect(() => weights.take('backbone.embedding.weight')).toThrow(
    expect.objectContaining({
      code: 'E_FORMAT',
      message: expect.stringMatching(
        /no tensor "backbone.embedding.weight". Did you mean "backbone.embeddings.weight"\?/,
      ),
    }),
  );
  expect(() => weights.take('z')).toThrow(/no tensor "z"\.$/);
});

it.each([[[2]], [[2, 1]], [[1, 2, 1]], [[1, 3]], [[]]])('refuses the shape %j', async (shape) => {
  const weights = takeWeights(await sourceOf('x'));
  expect(() => weights.take('x', shape)).toThrow(expect.objectContaining({ code: 'E_SHAPE' }));
  // What failed was not taken.
  expect(() => weights.finish()).toThrow(/does not use 1 of its 1/);
});

it('finish names the first ten unused tensors and counts them all', async () => {
  const names = Array.from({ length: 13 }, (_, index) => `t${10 + index}`);
  const weights = takeWeights(await sourceOf(...names));
  weights.take('t10');
  expect(weights.has('t11')).toBe(true);
  expect(weights.has('t99')).toBe(false);
  expect(() => weights.finish()).toThrow(
    expect.objectContaining({
      code: 'E_FORMAT',
      message: expect.stringMatching(/does not use 12 of its 13 tensors: "t11",.*"t20", and 2 more\./),
      details: { unusedCount: 12, unused: names.slice(1, 11) },
    }),
  );
});

it('finish passes when all is used or ignored, whatever flags the pattern has', async () => {
  const source = await sourceOf('a', 'b.inv_freq', 'c.inv_freq');
  const weights = takeWeights(source, { ignore: [/\.inv_freq$/gy, /freq/g] });
  weights.take('a', [1, 2]);
  weights.take('a', [1, 2]);
  weights.finish();
  weights.finish();
});

it('reads what it took, converted', async () => {
  const taken = takeWeights(await sourceOf('x')).take('x', [1, 2]);
  expect(taken).toMatchObject({ name: 'x', dtype: 'bf16', shape: [1, 2], byteLength: 4 });
  expect([...new Float32Array((await taken.read('f32')).buffer)]).toEqual([1, -2]);
  expect([...new Uint16Array((await taken.read('f16')).buffer)]).toEqual([0x3c00, 0xc000]);
  await expect(taken.read('f32', AbortSignal.abort())).rejects.toMatchObject({ code: 'E_ABORTED' });
});
