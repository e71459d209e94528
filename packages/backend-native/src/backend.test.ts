import { describeWith, requirement } from '@hybra/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadAddon } from './addon/load-addon.js';
import { native } from './backend.js';
import { ceilingMeter } from './ceilings.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('without a binary', () => {
  it('says for which platform there is none, and the way out', async () => {
    vi.stubEnv('HYBRA_NATIVE_ADDON', '');
    const absent = native({ load: () => loadAddon({ platform: 'plan9-vax' }) });
    expect(await absent.probe()).toMatchObject({
      available: false,
      reason: expect.stringContaining('no prebuilt binary for plan9-vax'),
      remedy: expect.stringMatching(/backend-native-plan9-vax.*C\+\+ compiler/),
    });
    await expect(absent.open()).rejects.toMatchObject({
      code: 'E_BACKEND_UNAVAILABLE',
      message: expect.stringContaining('C++ compiler'),
    });
  });
});

describe('bad options', () => {
  it.each([0, 1.5, -2, Number.NaN])('refuses %d threads', (threads) => {
    expect(() => native({ threads })).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });

  it('refuses products that there are not, in options and in the environment', () => {
    const refusal = expect.objectContaining({
      code: 'E_ARGUMENT',
      message: expect.stringMatching(/int4, expected int8 or float32/),
    });
    expect(() => native({ quantizedProducts: 'int4' as 'int8' })).toThrow(refusal);
    vi.stubEnv('HYBRA_NATIVE_QUANTIZED_PRODUCTS', 'int4');
    expect(() => native()).toThrow(refusal);
    expect(() => native({ quantizedProducts: 'float32' })).not.toThrow();
  });

  it('refuses a word that says no kind of products', () => {
    const refusal = expect.objectContaining({
      code: 'E_ARGUMENT',
      message: expect.stringMatching(/float16, expected float32 or bfloat16/),
    });
    expect(() => native({ products: 'float16' as 'bfloat16' })).toThrow(refusal);
    vi.stubEnv('HYBRA_NATIVE_PRODUCTS', 'float16');
    expect(() => native()).toThrow(refusal);
    expect(() => native({ products: 'bfloat16' })).not.toThrow();
  });

  it('refuses a word that says no kind of products with halves', () => {
    const refusal = expect.objectContaining({
      code: 'E_ARGUMENT',
      message: expect.stringMatching(/int8, expected int14 or float32/),
    });
    expect(() => native({ halfProducts: 'int8' as 'int14' })).toThrow(refusal);
    vi.stubEnv('HYBRA_NATIVE_HALF_PRODUCTS', 'int8');
    expect(() => native()).toThrow(refusal);
    expect(() => native({ halfProducts: 'float32' })).not.toThrow();
  });

  it('refuses a negative memory limit', () => {
    expect(() => native({ memoryLimitBytes: -1 })).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });
});

describeWith(addon, 'with a binary', () => {
  it('refuses an instruction set that is not there, and names those that are', async () => {
    expect(await native({ isa: 'avx1024' }).probe()).toMatchObject({
      available: false,
      reason: expect.stringContaining('avx1024'),
      remedy: expect.stringContaining(loaded.addon!.isas()[0]!),
    });
    await expect(native({ isa: 'avx1024' }).open()).rejects.toMatchObject({ code: 'E_BACKEND_UNAVAILABLE' });
  });

  it('takes the fastest set, or the one that is asked for', async () => {
    const isas = loaded.addon!.isas();
    for (const [isa, expected] of [
      [undefined, process.env.HYBRA_NATIVE_ISA || isas[0]!],
      [isas.at(-1)!, isas.at(-1)!],
    ] as const) {
      const device = await native({ threads: 3, ...(isa && { isa }) }).open();
      expect(device.name).toContain(`(${expected}, 3 threads)`);
      expect(device.capabilities.threads).toBe(3);
      await device.dispose();
    }
  });

  it('uses no more threads than the process may', async () => {
    const device = await native().open();
    expect(device.capabilities.threads).toBeGreaterThanOrEqual(1);
    expect(device.capabilities.threads).toBeLessThanOrEqual(1024);
    await device.dispose();
  });

  it('measures what the machine allows', async () => {
    await using meter = await ceilingMeter({ threads: 1 }, 2 ** 24);
    const { operationsPerSecond, readBytesPerSecond } = meter.measure();
    // A processor of 2005, and ten times the fastest core and memory of today.
    expect(operationsPerSecond).toBeGreaterThan(1e8);
    expect(operationsPerSecond).toBeLessThan(5e12);
    expect(readBytesPerSecond).toBeGreaterThan(1e8);
    expect(readBytesPerSecond).toBeLessThan(1e13);
  });
});
