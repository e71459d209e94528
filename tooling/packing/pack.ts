import { join } from 'node:path';
import { publicPackages, readMembers } from '../workspace/members.js';
import { runPnpm } from '../workspace/run-command.js';

/** A package packed as it would be published. */
export interface PackedPackage {
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
  /** Absolute path of the tarball. */
  readonly tarball: string;
  /** Whether npm would install it on this machine, by the `os` and `cpu` of its manifest. */
  readonly fitsHere: boolean;
}

/**
 * Packs every public package into `destination`; workspace ranges become version ranges on the way.
 * The packages must be built.
 */
export async function packAll(root: string, destination: string): Promise<readonly PackedPackage[]> {
  const packages = publicPackages(readMembers(root, ['packages']));
  const filters = packages.flatMap(({ manifest }) => ['--filter', manifest.name]);
  const { exitCode, output } = await runPnpm(root, [
    '--recursive',
    ...filters,
    'pack',
    '--pack-destination',
    destination,
  ]);
  if (exitCode !== 0) throw new Error(`pnpm pack failed with exit code ${exitCode}:\n${output}`);
  return packages.map(({ folder, manifest }) => {
    const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
    const fitsHere =
      (manifest.os?.includes(process.platform) ?? true) && (manifest.cpu?.includes(process.arch) ?? true);
    return { name: manifest.name, folder, tarball: join(destination, file), fitsHere };
  });
}
