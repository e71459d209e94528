import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rawSafetensors } from '../../test/raw-safetensors.js';
import { temporaryFolder } from '../../test/temporary-folder.js';
import type { ByteSource } from '../sources/byte-source.js';
import { fileSource } from '../sources/file-source.js';
import { openSafetensors } from './open-safetensors.js';

it('opens a 16 GB file by reading its header alone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'model.safetensors');
  const large = 16e9;
  const head = rawSafetensors({
    large: { dtype: 'U8', shape: [large], data_offsets: [0, large] },
    small: { dtype: 'F32', shape: [1], data_offsets: [large, large + 4] },
  });
  const file = await open(path, 'w');
  await file.write(head);
  await file.truncate(head.byteLength + large + 4); // a hole: takes no space on the disk
  await file.write(new Uint8Array(new Float32Array([42]).buffer), 0, 4, head.byteLength + large);
  await file.close();

  const inner = await fileSource(path);
  let bytesRead = 0;
  const counting: ByteSource = {
    ...inner,
    read: (offset, length, signal) => {
      bytesRead += length;
      return inner.read(offset, length, signal);
    },
  };
  const weights = await openSafetensors(counting);
  expect(bytesRead).toBe(head.byteLength);
  expect(weights.entries.get('large')!.byteLength).toBe(large);
  expect(new Float32Array((await weights.read('small')).buffer)[0]).toBe(42);
  expect(bytesRead).toBe(head.byteLength + 4);
  await weights.close();
});
