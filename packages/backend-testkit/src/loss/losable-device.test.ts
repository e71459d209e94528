import { cpu } from '@hybra/backend-cpu';
import { expect, it } from 'vitest';
import { addProgram } from '../suites/device-check.js';
import { lossyBackend } from './lossy-backend.js';

const isLost = expect.objectContaining({ code: 'E_DEVICE_LOST' });

it('passes everything on until it is lost', async () => {
  const device = await lossyBackend(cpu()).open();
  const buffers = [device.allocate(8), device.allocate(8), device.allocate(8)];
  device.write(buffers[0]!, 0, new Uint8Array(Float32Array.of(1, 2).buffer));
  const executable = await device.compile(addProgram(device, 2));
  executable.run(buffers);
  device.copy(buffers[2]!, 0, buffers[1]!, 4, 4);
  expect(new Float32Array((await device.read(buffers[2]!, 0, 8)).buffer)).toEqual(Float32Array.of(1, 2));
  await device.synchronize();
  expect(device.memoryBytes()).toBe(24);
  await device.dispose();
  expect((await device.lost).reason).toBe('destroyed');
});

it('refuses everything once it is lost, and fails what is waiting', async () => {
  const device = await lossyBackend(cpu()).open();
  const buffer = device.allocate(8);
  const program = addProgram(device, 2);
  const executable = await device.compile(program);
  const waiting = device.read(buffer, 0, 8);
  device.lose('unplugged');
  device.lose('again');
  await expect(waiting).rejects.toEqual(isLost);
  expect(await device.lost).toEqual({ reason: 'unknown', message: 'unplugged' });
  expect(() => device.supports(program.calls[0]!)).toThrow(isLost);
  expect(() => device.allocate(8)).toThrow(isLost);
  expect(() => device.write(buffer, 0, new Uint8Array(4))).toThrow(isLost);
  expect(() => device.copy(buffer, 0, buffer, 4, 4)).toThrow(isLost);
  expect(() => device.memoryBytes()).toThrow(isLost);
  expect(() => executable.run([buffer, buffer, buffer])).toThrow(isLost);
  await expect(device.compile(program)).rejects.toEqual(isLost);
  await expect(device.read(buffer, 0, 8)).rejects.toEqual(isLost);
  await expect(device.synchronize()).rejects.toEqual(isLost);
  await device.dispose();
});
