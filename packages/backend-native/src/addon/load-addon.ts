import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.js';

/** The addon, or why there is none and the way out. */
export type LoadedAddon =
  | { readonly addon: Addon }
  | { readonly addon?: undefined; readonly reason: string; readonly remedy: string };

const fileName = 'hybra-native.node';

/**
 * Loads the addon: from the package of this platform if it is installed, else from a local build.
 * @param platform such as `linux-x64`
 */
export function loadAddon(platform: string = `${process.platform}-${process.arch}`): LoadedAddon {
  const require = createRequire(import.meta.url);
  const path = platformPackage(require, platform) ?? localBuild(platform);
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
    return require.resolve(`@hybra/backend-native-${platform}/${fileName}`);
  } catch {
    return undefined; // an optional dependency that is not installed here
  }
}

/** Beside `dist/` in a built package, two folders up when running from source. */
function localBuild(platform: string): string | undefined {
  return ['..', '../..']
    .map((up) => fileURLToPath(new URL(`${up}/prebuilds/${platform}/${fileName}`, import.meta.url)))
    .find((path) => existsSync(path));
}
