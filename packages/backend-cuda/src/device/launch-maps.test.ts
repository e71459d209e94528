import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contiguousStrides, type Program, specVersion } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cuda } from '../backend.js';
import { fakeDriver } from '../testing.js';

const folder = mkdtempSync(join(tmpdir(), 'hybra-cuda-maps-'));
for (const module of ['cut', 'matmul-wgmma', 'matmul-tensor']) {
  writeFileSync(join(folder, `${module}.fatbin`), 'not looked at by the fake');
}
const [M, K, N] = [256, 512, 256];
const scratchBytes = 2 ** 24;

/** y = a bᵀ, a float32, b bfloat16. */
function product(): Program {
  const shapes = [
    [M, K],
    [N, K],
    [M, N],
  ] as const;
  const dtypes = ['f32', 'bf16', 'f32'] as const;
  const operands = shapes.map((shape, buffer) => ({
    buffer,
    dtype: dtypes[buffer]!,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  }));
  const bytes = [M * K * 4, N * K * 2, M * N * 4];
  const roles = ['input', 'weight', 'output'] as const;
  return {
    specVersion,
    label: 'product',
    bindings: roles.map((role, index) => ({ name: role, role, byteLength: bytes[index]! })),
    segments: [scratchBytes],
    buffers: [
      ...bytes.map((byteLength, index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      { location: { kind: 'arena', segment: 0, byteOffset: 0 }, byteLength: scratchBytes },
    ],
    calls: [
      {
        op: 'matmul',
        kernel: 'cuda/matmul-wgmma',
        attributes: { transposeA: false, transposeB: true },
        inputs: operands.slice(0, 2),
        outputs: operands.slice(2),
        scratch: { buffer: 3, byteLength: scratchBytes },
      },
    ],
  };
}

describe('launches with maps', () => {
  it('describe each matrix to the copy engine just before', async () => {
    const driver = fakeDriver({ memoryBytes: 2 ** 26 });
    const backend = cuda({ fatbinFolder: folder, loadDriver: async () => ({ loaded: true, driver }) });
    const device = await backend.open();
    const executable = await device.compile(product());
    const bindings = product().bindings.map(({ byteLength }) => device.allocate(byteLength));
    executable.run(bindings);
    await device.synchronize();
    expect(driver.launched.slice(0, 2)).toEqual(['cut_rows_3', expect.stringMatching(/^matmul_wgmma_/)]);
    const encoded = driver.calls.filter((name) => name === 'cuTensorMapEncodeTiled');
    expect(encoded).toHaveLength(2);
    await device.dispose();
  });
});
