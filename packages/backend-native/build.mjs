/**
 * Builds the addon with the C++ compiler that is there: g++, clang++ or c++ (or CXX). Without one it says so and
 * succeeds, because the package then works as one whose binary is missing.
 *
 *     node build.mjs [--sanitize | --package]
 *
 * `--package` also lays out `npm/PLATFORM`, the package of this platform's binary, ready to publish.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const sources = join(root, 'native');
const isSanitized = process.argv.includes('--sanitize');
const target = `${process.platform}-${process.arch}`;
const output = join(root, 'prebuilds', target);

/** Instruction sets by processor: the name of the kernels' namespace and the compiler's flags. */
const instructionSets = {
  x64: [
    { name: 'baseline', flags: ['-march=x86-64'] },
    { name: 'avx2', flags: ['-march=x86-64', '-mavx2', '-mfma', '-mf16c'] },
    {
      name: 'avx512',
      flags: [
        '-march=x86-64',
        '-mavx2',
        '-mfma',
        '-mf16c',
        '-mavx512f',
        '-mavx512bw',
        '-mavx512vl',
        '-mavx512dq',
      ],
    },
  ],
  arm64: [{ name: 'neon', flags: [] }],
};

/** @param {string} message */
function say(message) {
  process.stderr.write(`backend-native: ${message}\n`);
}

/** @returns {string | undefined} a C++20 compiler of GCC's kind */
function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['g++', 'clang++', 'c++'];
  return candidates.find((name) => {
    const check = ['-std=c++20', '-x', 'c++', '-fsyntax-only', '-'];
    return (
      spawnSync(name, check, { input: '#include <atomic>\n#include <thread>\nint main() {}\n' }).status === 0
    );
  });
}

/** @param {string} folder @returns {string[]} */
function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/**
 * @param {string} compiler
 * @param {string[]} flags
 * @returns {Promise<void>}
 */
function run(compiler, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${compiler} ended with ${code}`)),
    );
  });
}

/**
 * Runs tasks, as many at a time as there are processors.
 * @param {(() => Promise<void>)[]} tasks
 */
async function runAll(tasks) {
  const waiting = [...tasks];
  const work = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) await task();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/** @param {string} compiler */
async function build(compiler) {
  const sets = instructionSets[/** @type {'x64' | 'arm64'} */ (process.arch)];
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const shared = [
    '-std=c++20',
    ...(isSanitized ? ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize=vptr'] : ['-O3']),
    '-fPIC',
    '-fvisibility=hidden',
    '-ffunction-sections',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-ffp-contract=fast',
    '-pthread',
    '-Wall',
    '-Wextra',
    '-Wno-psabi',
    // GCC’s own headers of intrinsics begin with registers that hold nothing (GCC bug 105593).
    '-Wno-maybe-uninitialized',
    '-Wno-uninitialized',
    '-DNAPI_VERSION=8',
    `-I${headers}`,
    ...sets.map(({ name }) => `-DHYBRA_HAS_${name.toUpperCase()}`),
  ];
  const units = ['addon', 'core', 'scalar'].flatMap((folder) =>
    filesUnder(join(sources, folder))
      .filter((path) => path.endsWith('.cpp'))
      .map((path) => ({
        path,
        name: `${folder}-${path.slice(path.lastIndexOf('/') + 1, -4)}`,
        flags: /** @type {string[]} */ ([]),
      })),
  );
  for (const { name, flags } of sets) {
    units.push({
      path: join(sources, 'simd/table.cpp'),
      name: `simd-${name}`,
      flags: [...flags, `-DHYBRA_ISA=${name}`],
    });
  }
  const objects = join(output, 'objects');
  mkdirSync(objects, { recursive: true });
  const objectOf = (/** @type {string} */ name) => join(objects, `${name}.o`);
  await runAll(
    units.map(
      ({ path, name, flags }) =>
        () =>
          run(compiler, [...shared, ...flags, '-c', path, '-o', objectOf(name)]),
    ),
  );
  const linking = {
    linux: [...(isSanitized ? [] : ['-static-libstdc++', '-static-libgcc', '-Wl,-s']), '-Wl,--gc-sections'],
    darwin: ['-undefined', 'dynamic_lookup'],
  };
  await run(compiler, [
    '-shared',
    ...(isSanitized ? ['-fsanitize=address,undefined'] : []),
    ...units.map(({ name }) => objectOf(name)),
    '-o',
    join(output, 'hybra-native.node'),
    '-pthread',
    ...linking[/** @type {'linux' | 'darwin'} */ (process.platform)],
  ]);
}

/** Lays out the package that carries this platform's binary; npm installs it only where `os` and `cpu` fit. */
function layOutPackage() {
  const folder = join(root, 'npm', target);
  mkdirSync(folder, { recursive: true });
  const { version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const name = `@hybra/backend-native-${target}`;
  const description = `The binary of @hybra/backend-native for ${target}.`;
  const platform = {
    os: [process.platform],
    cpu: [process.arch],
    ...(process.platform === 'linux' && { libc: ['glibc'] }),
  };
  const files = ['hybra-native.node', 'README.md', 'LICENSE'];
  const manifest = {
    name,
    version,
    description,
    license,
    engines,
    ...platform,
    files,
    main: 'hybra-native.node',
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(
    join(folder, 'README.md'),
    `# ${name}\n\n${description} Install @hybra/backend-native instead.\n`,
  );
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(join(output, 'hybra-native.node'), join(folder, 'hybra-native.node'));
  say(`npm/${target} is ready to publish`);
}

async function main() {
  if (!(process.arch in instructionSets) || !['linux', 'darwin'].includes(process.platform)) {
    say(`${target} is not supported; the reference backend will be used.`);
    return;
  }
  const compiler = findCompiler();
  if (!compiler) {
    say('no C++20 compiler was found (g++, clang++ or c++); the reference backend will be used.');
    return;
  }
  const version = spawnSync(compiler, ['--version']).stdout.toString();
  const hash = createHash('sha256').update(JSON.stringify([version, isSanitized]));
  for (const path of [...filesUnder(sources).sort(), fileURLToPath(import.meta.url)])
    hash.update(readFileSync(path));
  const stamp = join(output, 'stamp');
  const digest = hash.digest('hex');
  const isFresh =
    existsSync(join(output, 'hybra-native.node')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest;
  if (!isFresh) {
    await build(compiler);
    writeFileSync(stamp, digest);
    say(`built for ${target} with ${compiler}`);
  }
  if (process.argv.includes('--package')) layOutPackage();
}

try {
  await main();
} catch (error) {
  say(
    `the addon could not be built: ${error instanceof Error ? error.message : error}. The reference backend will be used.`,
  );
}
