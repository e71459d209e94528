/**
 * `pnpm pack:smoke`: packs every public package, installs the tarballs into an empty folder with npm, imports
 * each that is for this platform there in Node, and bundles and runs the browser-safe ones as a browser would.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../bootstrap/prepare.mjs';
import { architecture } from '../workspace/architecture.js';
import { root } from '../workspace/root.js';
import { runCommand } from '../workspace/run-command.js';
import { bundleForBrowser, runWithWebGlobals } from './browser.js';
import { type PackedPackage, packAll } from './pack.js';

const sayStep = (text: string): boolean => process.stdout.write(`${text}\n`);

async function installInto(folder: string, packed: readonly PackedPackage[]): Promise<void> {
  const ranges = (fitsHere: boolean): Readonly<Record<string, string>> =>
    Object.fromEntries(
      packed
        .filter((entry) => entry.fitsHere === fitsHere)
        .map(({ name, tarball }) => [name, `file:${tarball}`]),
    );
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name: 'empty',
      private: true,
      type: 'module',
      dependencies: ranges(true),
      optionalDependencies: ranges(false),
    }),
  );
  const install = await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: folder,
    root,
  });
  if (install.exitCode !== 0) throw new Error(`npm install of the tarballs failed:\n${install.output}`);
}

async function importInNode(folder: string, name: string): Promise<void> {
  const script = `import * as entry from ${JSON.stringify(name)};
    const names = Object.keys(entry);
    if (names.length === 0) throw new Error('it exports nothing');
    if ('default' in entry) throw new Error('it has a default export');
    console.log(names.length + ' exports');`;
  const { exitCode, output } = await runCommand(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: folder,
    root,
  });
  if (exitCode !== 0) throw new Error(`importing ${name} from its tarball failed:\n${output}`);
  sayStep(`ok  ${name}: ${output.trim()} in Node`);
}

async function main(): Promise<void> {
  await prepare(root);
  const folder = mkdtempSync(join(tmpdir(), 'hybra-smoke-'));
  try {
    const packed = await packAll(root, folder);
    await installInto(folder, packed);
    for (const { name } of packed.filter(({ fitsHere }) => fitsHere)) await importInNode(folder, name);
    const browserSafe = packed.map(({ name }) => name).filter((name) => architecture[name]?.browserSafe);
    const bundle = await bundleForBrowser(folder, browserSafe);
    const exported = runWithWebGlobals(bundle.code, browserSafe.length);
    browserSafe.forEach((name, index) => {
      sayStep(`ok  ${name}: ${exported[index]} exports with web globals only`);
    });
    sayStep(`ok  one bundle of ${browserSafe.length} packages: ${bundle.code.length} bytes minified`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`pack:smoke: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
