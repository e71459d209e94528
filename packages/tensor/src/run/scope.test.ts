import { cpu } from '@hybra/backend-cpu';
import { expect, it } from 'vitest';
import { tensorOn } from '../graph/storage.js';
import { readback } from './readback.js';
import { Scope } from './scope.js';

it('frees tensors and other things, last first, once', async () => {
  const device = await cpu().open();
  const scope = new Scope();
  const order: string[] = [];
  const tensor = scope.own(tensorOn(device, [1], [1]));
  scope.own({ dispose: () => order.push('first') });
  scope.own({ dispose: () => order.push('second') });
  scope.dispose();
  scope.dispose();
  expect(order).toEqual(['second', 'first']);
  await expect(readback(tensor)).rejects.toMatchObject({ code: 'E_DISPOSED' });
  await device.synchronize();
  expect(device.memoryBytes()).toBe(0);
  await device.dispose();
});

it('frees everything even if something fails, and throws the first failure', () => {
  const scope = new Scope();
  const order: string[] = [];
  scope.own({ dispose: () => order.push('last') });
  scope.own({
    dispose: () => {
      throw new Error('second failure');
    },
  });
  scope.own({
    dispose: () => {
      throw new Error('first failure');
    },
  });
  expect(() => scope.dispose()).toThrow('first failure');
  expect(order).toEqual(['last']);
});

it('works with the using declaration', () => {
  const scope = new Scope();
  let isDisposed = false;
  scope.own({
    dispose: () => {
      isDisposed = true;
    },
  });
  scope[Symbol.dispose]();
  expect(isDisposed).toBe(true);
});
