// Packs the GPU suite into ./bundle: one JavaScript file and Dawn. A bare GPU host then needs node, a Vulkan driver,
// this bundle, and the checkpoints of packages/models/test/fixtures.
import { cpSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./', import.meta.url));
const packages = join(here, '..', '..');
const bundle = join(here, 'bundle');
const { build } = createRequire(join(packages, '..', 'package.json'))('esbuild');

rmSync(bundle, { recursive: true, force: true });
mkdirSync(join(bundle, 'dist'), { recursive: true });
await build({
  entryPoints: [join(here, 'suite.ts')],
  outfile: join(bundle, 'dist', 'suite.mjs'),
  bundle: true,
  minify: process.argv.includes('--minify'),
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['webgpu', 'vitest'],
  logLevel: 'error',
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'sources',
      setup(builder) {
        builder.onResolve({ filter: /^@hybra\/backend-(native|cuda)$/ }, () => ({
          path: join(here, 'not-here.ts'),
        }));
        builder.onResolve({ filter: /^@hybra\// }, ({ path }) => ({
          path: join(packages, path.slice('@hybra/'.length), 'src', 'index.ts'),
        }));
      },
    },
  ],
});
const dawn = dirname(realpathSync(join(packages, 'webgpu-node', 'node_modules', 'webgpu', 'index.js')));
for (const part of ['index.js', 'package.json', join('dist', `${process.platform}-${process.arch}`)]) {
  cpSync(join(dawn, part), join(bundle, 'node_modules', 'webgpu', part), { recursive: true });
}
