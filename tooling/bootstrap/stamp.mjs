/**
 * Stamps say whether a step is up to date: a file under node_modules holds the hash of everything that the
 * step read. Contents are hashed, not times, so that a fresh checkout or a branch switch costs nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const workspaceFolders = ['packages', 'apps', 'examples', 'tooling'];

/**
 * @param {string} folder
 * @returns {import('node:fs').Dirent[]} sorted by name; empty if the folder is missing
 */
function entriesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Folders of the workspace's members, relative to the root.
 * @param {string} root
 * @returns {string[]}
 */
export function memberFolders(root) {
  return workspaceFolders.flatMap((group) =>
    entriesOf(join(root, group))
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${group}/${entry.name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json'))),
  );
}

/**
 * @param {string} root
 * @param {string} folder relative to the root
 * @returns {string[]} every file below it that a build reads
 */
function buildInputs(root, folder) {
  return entriesOf(join(root, folder)).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : buildInputs(root, path);
    return entry.name.endsWith('.test.ts') ? [] : [path];
  });
}

/**
 * Hash of names and contents.
 * @param {string} root
 * @param {string[]} files relative to the root; missing ones count as absent
 * @param {string[]} extra further strings that matter
 */
export function hashFiles(root, files, extra = []) {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text}\0`);
  for (const file of files) {
    const path = join(root, file);
    if (!existsSync(path)) continue;
    hash.update(`${file}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} root */
export function installHash(root) {
  const manifests = memberFolders(root).map((folder) => `${folder}/package.json`);
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', 'package.json', ...manifests];
  return hashFiles(root, files, [process.platform, process.arch]);
}

/** @param {string} root */
export function buildHash(root) {
  const packages = memberFolders(root).filter((folder) => folder.startsWith('packages/'));
  const sources = packages.flatMap((folder) => [
    `${folder}/package.json`,
    `${folder}/tsconfig.json`,
    `${folder}/tsup.config.ts`,
    ...buildInputs(root, `${folder}/src`),
  ]);
  const shared = [
    'pnpm-lock.yaml',
    'turbo.json',
    'tooling/build/tsup-factory.js',
    'tooling/tsconfig/base.json',
  ];
  return hashFiles(root, [...shared, ...sources]);
}

/**
 * @param {string} root
 * @returns {boolean} whether every package that builds has its entry and its commands in `dist`
 */
export function isBuilt(root) {
  return memberFolders(root)
    .filter((folder) => folder.startsWith('packages/'))
    .every((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const outputs = manifest.scripts?.build ? ['dist/index.js', ...Object.values(manifest.bin ?? {})] : [];
      return outputs.every((output) => existsSync(join(root, folder, output)));
    });
}

/**
 * @param {string} path
 * @param {string} hash
 */
export function stampMatches(path, hash) {
  return existsSync(path) && readFileSync(path, 'utf8').trim() === hash;
}

/**
 * @param {string} path
 * @param {string} hash
 */
export function writeStamp(path, hash) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${hash}\n`);
}
