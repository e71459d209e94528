import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of a package.json that the tooling reads. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: unknown;
  readonly engines?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly files?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A file of the repository. `path` is relative to the root, with forward slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A package, app or example of the workspace. */
export interface Member {
  /** Relative to the root, such as `packages/spec`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** TypeScript files, tests included. */
  readonly sources: readonly TextFile[];
}

const skippedFolders = new Set(['node_modules', 'dist', 'fixtures', '.turbo']);

function typescriptFiles(root: string, folder: string): TextFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : typescriptFiles(root, path);
    return /\.tsx?$/.test(entry.name) ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
}

/**
 * Reads the members of the workspace, sorted by folder.
 * @param groups folders whose subfolders are members
 */
export function readMembers(
  root: string,
  groups: readonly string[] = ['packages', 'apps', 'examples'],
): readonly Member[] {
  return groups
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort()
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
      sources: typescriptFiles(root, folder),
    }));
}

/** The packages that are published: below `packages/` and not private. */
export function publicPackages(members: readonly Member[]): readonly Member[] {
  return members.filter((member) => member.folder.startsWith('packages/') && !member.manifest.private);
}

/** Whether a file belongs to the tests: it is neither built nor published. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /^[^/]+\/[^/]+\/test\//.test(path);
}
