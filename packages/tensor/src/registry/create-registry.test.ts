import { cpu } from '@hybra/backend-cpu';
import { type Backend, HybraError } from '@hybra/spec';
import { expect, it } from 'vitest';
import { createRegistry } from './create-registry.js';

const absent: Backend = {
  name: 'absent',
  specVersion: 1,
  probe: async () => ({ available: false, reason: 'no driver', remedy: 'install one' }),
  open: async () => {
    throw new HybraError('E_BACKEND_UNAVAILABLE', 'no driver');
  },
};

it('refuses a backend of another version, and a name twice', () => {
  const isConfigError = expect.objectContaining({ code: 'E_CONFIG' });
  expect(() => createRegistry([{ ...absent, specVersion: 2 }])).toThrow(isConfigError);
  expect(() => createRegistry([{ ...absent, specVersion: 2 }])).toThrow(/version 2, this is 1/);
  expect(() => createRegistry([cpu(), cpu()])).toThrow(isConfigError);
});

it('opens by name, and says which names there are', async () => {
  const registry = createRegistry([absent, cpu()]);
  const device = await registry.open('cpu');
  expect(device.backend).toBe('cpu');
  await device.dispose();
  await expect(registry.open('gpu')).rejects.toMatchObject({
    code: 'E_BACKEND_UNAVAILABLE',
    message: expect.stringContaining('absent, cpu'),
  });
  await expect(registry.open('absent')).rejects.toMatchObject({ code: 'E_BACKEND_UNAVAILABLE' });
});

it('opens the first that can run, in order of preference', async () => {
  const device = await createRegistry([absent, cpu({ name: 'chosen' }), cpu()]).open();
  expect(device.backend).toBe('chosen');
  await device.dispose();
});

it('gives every reason where none can run', async () => {
  await expect(createRegistry([absent]).open()).rejects.toMatchObject({
    code: 'E_BACKEND_UNAVAILABLE',
    message: expect.stringContaining('absent: no driver (install one)'),
  });
  await expect(createRegistry([]).open()).rejects.toThrow('None is registered');
});

it('probes all, and shares nothing with another registry', async () => {
  const registry = createRegistry([absent, cpu()]);
  const found = await registry.probe();
  expect([...found].map(([name, { available }]) => [name, available])).toEqual([
    ['absent', false],
    ['cpu', true],
  ]);
  expect(createRegistry([]).backends).toEqual([]);
  expect(registry.backends.map(({ name }) => name)).toEqual(['absent', 'cpu']);
});
