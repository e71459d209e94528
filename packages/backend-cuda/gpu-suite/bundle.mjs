// Packs the GPU suite and `pnpm measure:models` into ./bundle (a few MiB): JavaScript, the compiled kernels, and koffi. A bare GPU host
// then needs node, the NVIDIA driver, this bundle, and the checkpoints of packages/models/test/fixtures.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./', import.meta.url));
const packageFolder = join(here, '..');
const packages = join(packageFolder, '..');
const bundle = join(here, 'bundle');
const { build } = createRequire(join(packages, '..', 'package.json'))('esbuild');

const built = spawnSync(process.execPath, [join(packageFolder, 'build.mjs')], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);

rmSync(bundle, { recursive: true, force: true });
mkdirSync(join(bundle, 'dist'), { recursive: true });
await build({
  entryPoints: {
    suite: join(here, 'suite.ts'),
    'measure-models': join(packages, '..', 'tooling/generate/measure-models.ts'),
    // The command line, for trainings on the GPU host.
    hybra: join(packages, 'cli/src/main.ts'),
    // `pnpm bench:headline`
    headline: join(packages, '..', 'apps/bench/src/headline/run.ts'),
  },
  entryNames: '[name]',
  outdir: join(bundle, 'dist'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['koffi', 'vitest'],
  logLevel: 'error',
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'sources',
      setup(builder) {
        builder.onResolve({ filter: /^@hybra\/backend-native$/ }, () => ({
          path: join(here, 'no-native.ts'),
        }));
        builder.onResolve({ filter: /^@hybra\// }, ({ path }) => ({
          path: join(packages, path.slice('@hybra/'.length), 'src', 'index.ts'),
        }));
      },
    },
  ],
});
cpSync(join(packageFolder, 'fatbins'), join(bundle, 'fatbins'), { recursive: true });

const koffi = realpathSync(join(packageFolder, 'node_modules', 'koffi'));
const native = realpathSync(join(dirname(koffi), '@koromix', 'koffi-linux-x64'));
const skip = /\/(doc|lib|vendor|src\/.*\.(cc|hh|S|asm))$/;
cpSync(koffi, join(bundle, 'node_modules', 'koffi'), {
  recursive: true,
  dereference: true,
  filter: (path) => !skip.test(path) && !path.includes('/musl'),
});
cpSync(native, join(bundle, 'node_modules', '@koromix', 'koffi-linux-x64'), {
  recursive: true,
  dereference: true,
  filter: (path) => !path.includes('musl_x64'),
});

// Plots of the command line's training reports.
const plots = realpathSync(join(packages, 'train', 'node_modules', 'uplot'));
cpSync(plots, join(bundle, 'node_modules', 'uplot'), { recursive: true, dereference: true });

spawnSync('du', ['-sh', bundle], { stdio: 'inherit' });
