import { cpu } from '@hybra/backend-cpu';
import { compile, data, neg, readback, tensorOn, transfer, zerosOn } from '@hybra/tensor';
import { expect, it } from 'vitest';
import { losableDevice } from '../src/index.js';

const isLost = { code: 'E_DEVICE_LOST' };
const pair = { dtype: 'f32', shape: [2] } as const;

it('surfaces at the next run, readback, upload and compile', async () => {
  const device = losableDevice(await cpu().open());
  const x = tensorOn(device, [1, 2], [2]);
  const build = () => ({ outputs: { y: neg(x) } });
  const program = await compile({ label: 'p', device, build });
  const { outputs } = program.run();
  const waiting = readback(outputs.y!);
  device.lose();
  await expect(waiting).rejects.toMatchObject(isLost);
  await expect(readback(outputs.y!)).rejects.toMatchObject(isLost);
  await expect(data(neg(x))).rejects.toMatchObject(isLost);
  await expect(compile({ label: 'p', device, build })).rejects.toMatchObject(isLost);
  expect(() => program.run()).toThrow(expect.objectContaining(isLost));
  expect(() => tensorOn(device, [1], [1])).toThrow(expect.objectContaining(isLost));
  program.dispose();
});

it('leaves the other device of a placement usable', async () => {
  const first = await cpu().open();
  const second = losableDevice(await cpu({ name: 'second' }).open());
  const program = await compile({
    label: 'p',
    device: first,
    inputs: { x: pair },
    build: ({ inputs }) => ({ outputs: { y: transfer(neg(transfer(inputs.x!, second)), first) } }),
  });
  program.run({ inputs: { x: Float32Array.of(1, 2) } });
  second.lose();
  const { outputs } = program.run({ inputs: { x: Float32Array.of(1, 2) } });
  await expect(readback(outputs.y!)).rejects.toMatchObject(isLost);
  expect(await data(neg(zerosOn(first, [2])))).toEqual(Float32Array.of(-0, -0));
  program.dispose();
  await first.dispose();
});
