/**
 * Builds the addon for the address and undefined-behaviour sanitizers of GCC and runs this package's tests on it, the
 * conformance kit on every instruction set among them. The first finding ends the run.
 *
 *     node sanitize.mjs [arguments of vitest]
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const compiler = process.env.CXX ?? 'g++';

/**
 * @param {string} command
 * @param {string[]} commandArguments
 * @param {Record<string, string>} environment
 */
function run(command, commandArguments, environment = {}) {
  const { status } = spawnSync(command, commandArguments, {
    cwd: join(root, '../..'),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, [join(root, 'build.mjs'), '--sanitize']);
const addon = join(root, `prebuilds/${process.platform}-${process.arch}-sanitized/hybra-native.node`);
if (!existsSync(addon)) process.exit(1);
// Node is not built for the sanitizers, so theirs has to be there before anything allocates.
const library = spawnSync(compiler, ['-print-file-name=libasan.so']).stdout.toString().trim();
run(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'packages/backend-native', ...process.argv.slice(2)],
  {
    LD_PRELOAD: library,
    HYBRA_NATIVE_ADDON: addon,
    // What Node itself never frees is not ours. The kit asks for more memory than there is, and wants to be refused.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1:abort_on_error=1',
  },
);
