/**
 * Builds the addon with the C++ compiler that is there: g++, clang++ or c++ (or CXX). Without one it says so and
 * succeeds, because the package then works as one whose binary is missing.
 *
 *     node build.mjs [--sanitize] [--target linux-arm64] [--copy-to FOLDER]
 *
 * `--sanitize` builds for the address and undefined-behaviour sanitizers, beside the other build; `sanitize.mjs` runs
 * it. `--target` names another platform than this machine's; CXX then names a cross compiler for it. `--copy-to` also
 * copies the binary, into the package of its platform.
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
const fileName = 'hybra-native.node';
/** The platform to build for: this machine's, or the one that a cross compiler in CXX makes code for. */
const target = argumentOf('--target') ?? `${process.platform}-${process.arch}`;
const [platform = '', arch = ''] = target.split('-');
const output = join(root, 'prebuilds', isSanitized ? `${target}-sanitized` : target);

const avx2 = ['-march=x86-64', '-mavx2', '-mfma', '-mf16c'];
const avx512 = [...avx2, '-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq'];

/**
 * Instruction sets by processor: the name of the kernels' namespace, the compiler's flags, and whether there are all
 * kernels for it or products of bytes and of bfloat16 only. `native/core/isa.cpp` combines them.
 */
const instructionSets = {
  x64: [
    { name: 'baseline', flags: ['-march=x86-64'], hasAll: true },
    { name: 'avx2', flags: avx2, hasAll: true },
    { name: 'avxvnni', flags: [...avx2, '-mavxvnni'], hasAll: false },
    { name: 'avx512', flags: avx512, hasAll: true },
    { name: 'avx512vnni', flags: [...avx512, '-mavx512vnni'], hasAll: false },
    { name: 'avx512bf16', flags: [...avx512, '-mavx512vnni', '-mavx512bf16'], hasAll: false },
  ],
  arm64: [{ name: 'neon', flags: [], hasAll: true }],
};

/** @param {string} option @returns {string | undefined} the argument after it */
function argumentOf(option) {
  const index = process.argv.indexOf(option);
  return index < 0 ? undefined : process.argv[index + 1];
}

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
 * A file and all of ours that it includes.
 * @param {string} path @param {Set<string>} [found] @returns {Set<string>}
 */
function withIncludes(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/^#include "(.+)"/gm)) {
    withIncludes(join(dirname(path), name ?? ''), found);
  }
  return found;
}

/**
 * Compiles a unit unless its object is of the same sources and flags.
 * @param {string} compiler @param {{ path: string, object: string, flags: string[] }} unit
 */
async function compile(compiler, { path, object, flags }) {
  const hash = createHash('sha256').update(JSON.stringify([compilerVersion(compiler), flags]));
  for (const file of [...withIncludes(path)].sort()) hash.update(readFileSync(file));
  const digest = hash.digest('hex');
  const stamp = `${object}.stamp`;
  if (existsSync(object) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  await run(compiler, [...flags, '-c', path, '-o', object]);
  writeFileSync(stamp, digest);
}

/** @param {string} compiler */
function compilerVersion(compiler) {
  return spawnSync(compiler, ['--version']).stdout.toString();
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
  const sets = instructionSets[/** @type {'x64' | 'arm64'} */ (arch)];
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
    '-Wno-unknown-pragmas', // those of GCC, for Clang
    // GCC’s own headers of intrinsics begin with registers that hold nothing (GCC bug 105593).
    '-Wno-maybe-uninitialized',
    '-Wno-uninitialized',
    '-DNAPI_VERSION=8',
    `-I${headers}`,
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
  for (const { name, flags, hasAll } of sets) {
    for (const unit of hasAll ? ['table', 'narrow-products'] : ['narrow-products']) {
      units.push({
        path: join(sources, `simd/${unit}.cpp`),
        name: `${unit}-${name}`,
        flags: [...flags, `-DHYBRA_ISA=${name}`],
      });
    }
  }
  const objects = join(output, 'objects');
  mkdirSync(objects, { recursive: true });
  const objectOf = (/** @type {string} */ name) => join(objects, `${name}.o`);
  await runAll(
    units.map(
      ({ path, name, flags }) =>
        () =>
          compile(compiler, { path, object: objectOf(name), flags: [...shared, ...flags] }),
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
    join(output, fileName),
    '-pthread',
    ...linking[/** @type {'linux' | 'darwin'} */ (platform)],
  ]);
}

async function main() {
  if (!(arch in instructionSets) || !['linux', 'darwin'].includes(platform)) {
    say(`${target} is not supported; the reference backend will be used.`);
    return;
  }
  if (target !== `${process.platform}-${process.arch}` && !process.env.CXX) {
    say(`no binary for ${target}: CXX names no cross compiler for it.`);
    return;
  }
  const compiler = findCompiler();
  if (!compiler) {
    say('no C++20 compiler was found (g++, clang++ or c++); the reference backend will be used.');
    return;
  }
  const hash = createHash('sha256').update(JSON.stringify([compilerVersion(compiler), isSanitized]));
  for (const path of [...filesUnder(sources).sort(), fileURLToPath(import.meta.url)])
    hash.update(readFileSync(path));
  const stamp = join(output, 'stamp');
  const digest = hash.digest('hex');
  const isFresh =
    existsSync(join(output, fileName)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
  if (!isFresh) {
    await build(compiler);
    writeFileSync(stamp, digest);
    say(`built for ${target} with ${compiler}`);
  }
  const copyTo = argumentOf('--copy-to');
  if (copyTo !== undefined) copyFileSync(join(output, fileName), join(copyTo, fileName));
}

try {
  await main();
} catch (error) {
  say(
    `the addon could not be built: ${error instanceof Error ? error.message : error}. The reference backend will be used.`,
  );
}
