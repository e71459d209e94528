/**
 * The one build of every package: ESM, types, source maps, one entry.
 * @param {import('tsup').Options} [overrides]
 * @returns {import('tsup').Options}
 */
export function packageBuild(overrides = {}) {
  return {
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    clean: true,
    sourcemap: true,
    treeshake: true,
    ...overrides,
  };
}
