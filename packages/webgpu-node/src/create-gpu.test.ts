import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeWith, requirement, testWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { createGpu } from './create-gpu.js';

const vulkan = await requirement('vulkan', async () => {
  const adapter = await createGpu().requestAdapter();
  return adapter ? undefined : 'Dawn found no adapter: install a Vulkan driver (tooling/vulkan/install.sh)';
});

it('gives one object for equal options', () => {
  expect(createGpu({ toggles: [] })).toBe(createGpu());
});

describeWith(vulkan, 'with an adapter', () => {
  it('opens a device that computes and can be destroyed', async () => {
    const adapter = await createGpu().requestAdapter();
    const device = await adapter!.requestDevice();
    const buffer = device.createBuffer({ size: 4, usage: 0x8 | 0x4 });
    device.queue.writeBuffer(buffer, 0, Uint32Array.of(7));
    await device.queue.onSubmittedWorkDone();
    device.destroy();
    expect((await device.lost).reason).toBe('destroyed');
  });

  it('finds no adapter by a name that none has', async () => {
    expect(
      await createGpu({ adapter: 'no such adapter' })
        .requestAdapter()
        .catch(() => null),
    ).toBeNull();
  });
});

testWith(vulkan, 'lets Node exit once its devices are destroyed', async () => {
  const program = `
    import { create } from 'webgpu';
    const device = await (await create([]).requestAdapter()).requestDevice();
    device.destroy();
    console.log('done');`;
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    timeout: 30_000,
  });
  expect(stdout).toBe('done\n');
});
