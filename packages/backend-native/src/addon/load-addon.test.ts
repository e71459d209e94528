import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeWith, requirement } from '@hybra/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadAddon } from './load-addon.js';

const platform = `${process.platform}-${process.arch}`;
const localBuild = `prebuilds/${platform}/hybra-native.node`;
const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hybra-addon-'));
  vi.stubEnv('HYBRA_NATIVE_ADDON', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Loads as the package installed in `folder` would. */
const load = () => loadAddon({ from: pathToFileURL(join(folder, 'dist/index.js')).href });

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Installs the package of this platform, without its binary. */
function installPlatformPackage(): string {
  const path = `node_modules/@hybra/backend-native-${platform}`;
  put(`${path}/package.json`, JSON.stringify({ type: 'module', exports: { '.': './dist/index.js' } }));
  put(`${path}/dist/index.js`, 'export {};');
  return `${path}/dist/hybra-native.node`;
}

describe('without a binary', () => {
  it.each([
    ['no package', () => undefined],
    ['a package that was built without a compiler', installPlatformPackage],
  ])('says so, with %s', (_, prepare) => {
    prepare();
    expect(load()).toEqual({
      reason: expect.stringContaining(`no prebuilt binary for ${platform}`),
      remedy: expect.stringMatching(/@hybra\/backend-native-.*C\+\+ compiler/),
    });
  });

  it.each([
    ['a local build', () => localBuild],
    ['the package of the platform', installPlatformPackage],
  ])('says why %s does not load', (_, prepare) => {
    put(prepare(), 'not a binary');
    expect(load()).toEqual({
      reason: expect.stringContaining(`binary for ${platform} does not load`),
      remedy: expect.stringContaining('build.mjs'),
    });
  });
});

describeWith(addon, 'with a binary', () => {
  const binary = fileURLToPath(new URL(`../../${localBuild}`, import.meta.url));

  it('loads that of the package', () => {
    cpSync(binary, join(folder, installPlatformPackage()));
    expect(load().addon?.isas()).toEqual(loaded.addon!.isas());
  });

  it('prefers a local build', () => {
    put(installPlatformPackage(), 'not a binary');
    mkdirSync(dirname(join(folder, localBuild)), { recursive: true });
    cpSync(binary, join(folder, localBuild));
    expect(load().addon?.isas()).toEqual(loaded.addon!.isas());
  });
});
