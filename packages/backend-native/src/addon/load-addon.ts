import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.js';

/** The addon, or why there is none and the way out. */
export type LoadedAddon =
  | { readonly addon: Addon }
  | { readonly addon?: undefined; readonly reason: string; readonly remedy: string };

const fileName = 'hybra-native.node';

/** Where to look for the addon. */
export interface AddonPlaces {
  /** Such as `linux-x64`; this one when absent. */
  readonly platform?: string;
  /** A file in the package, from which its local build and installed packages are found; this one when absent. */
  readonly from?: string;
}

/**
 * Loads the addon: the file that the environment variable `HYBRA_NATIVE_ADDON` names, else a local build, which is for
 * this very machine, else the one in the package of the platform.
 */
export function loadAddon(places: AddonPlaces = {}): LoadedAddon {
  const { platform = `${process.platform}-${process.arch}`, from = import.meta.url } = places;
  const require = createRequire(from);
  const path =
    process.env.HYBRA_NATIVE_ADDON || localBuild(from, platform) || platformPackage(require, platform);
  if (path === undefined) {
    return {
      reason: `there is no prebuilt binary for ${platform}, and no local build (no C++20 compiler was found when the package was built, or it was not built)`,
      remedy: `Install @hybra/backend-native-${platform} if it exists, or a C++ compiler (g++ or clang++) and run \`node build.mjs\` in the package.`,
    };
  }
  try {
    return { addon: require(path) as Addon };
  } catch (error) {
    return {
      reason: `its binary for ${platform} does not load: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Run `node build.mjs` in the package to build it for this machine.',
    };
  }
}

function platformPackage(require: NodeJS.Require, platform: string): string | undefined {
  try {
    const path = join(dirname(require.resolve(`@hybra/backend-native-${platform}`)), fileName);
    return existsSync(path) ? path : undefined; // built without a compiler, it has no binary
  } catch {
    return undefined; // an optional dependency that is not installed here
  }
}

/** Beside `dist/` in a built package, two folders up when running from source. */
function localBuild(from: string, platform: string): string | undefined {
  return ['..', '../..']
    .map((up) => fileURLToPath(new URL(`${up}/prebuilds/${platform}/${fileName}`, from)))
    .find((path) => existsSync(path));
}
