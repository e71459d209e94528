import type { Device } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { native } from '../backend.js';
import { programOf } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

async function sumOf(device: Device) {
  const type = { shape: [4] };
  const program = programOf(device, 'add', {}, [type, type], [type]);
  const executable = await device.compile(program);
  const fill = (value: number) => {
    const buffer = device.allocate(16);
    device.write(buffer, 0, new Uint8Array(new Float32Array(4).fill(value).buffer));
    return buffer;
  };
  return { executable, fill, buffers: [fill(1), fill(2), device.allocate(16)] };
}

// What a run binds as the one before is not looked at again, but for whether it is there still.
describeWith(addon, 'a run with the bindings of the last one', () => {
  it('takes others where they change, in a list that is used again', async () => {
    const device = await native({ threads: 1 }).open();
    const { executable, fill, buffers } = await sumOf(device);
    executable.run(buffers);
    buffers[1] = fill(5);
    executable.run(buffers);
    const result = await device.read(buffers[2]!, 0, 16);
    expect([...new Float32Array(result.buffer)]).toEqual([6, 6, 6, 6]);
    await device.dispose();
  });

  it.each([0, 1, 2])('refuses binding %d once it is disposed of', async (index) => {
    const device = await native({ threads: 1 }).open();
    const { executable, buffers } = await sumOf(device);
    executable.run(buffers);
    buffers[index]!.dispose();
    expect(() => executable.run(buffers)).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
    await device.dispose();
  });

  it('refuses a device that is gone', async () => {
    const device = await native({ threads: 1 }).open();
    const { executable, buffers } = await sumOf(device);
    executable.run(buffers);
    await device.dispose();
    expect(() => executable.run(buffers)).toThrow(expect.objectContaining({ code: 'E_DEVICE_LOST' }));
  });
});
