import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOurs } from '../workspace/architecture.js';
import type { Member, TextFile } from '../workspace/members.js';

/** A package of somebody else that users install with ours. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, or empty if the manifest has none. */
  readonly licence: string;
  /** The text of its licence file, or empty. */
  readonly text: string;
}

/** The installed folder of a dependency as Node would find it from `folder`. */
function findPackage(folder: string, name: string): string | undefined {
  for (let place = folder; ; place = dirname(place)) {
    const candidate = join(place, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(place) === place) return undefined;
  }
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  return file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim() : '';
}

/**
 * Everything that the packages in `folders` need at run time, at any depth, sorted by name.
 * @param folders absolute paths
 * @throws if a dependency that is not optional is not installed
 */
export function productionDependencies(folders: readonly string[]): readonly ThirdParty[] {
  const found = new Map<string, ThirdParty>();
  const visited = new Set<string>();
  const visit = (folder: string): void => {
    if (visited.has(folder)) return;
    visited.add(folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!isOurs(manifest.name)) {
      const licence = typeof manifest.license === 'string' ? manifest.license : '';
      const { name, version } = manifest;
      found.set(`${name}@${version}`, { name, version, licence, text: licenceText(folder) });
    }
    // Peers are the user's own choice; ours among them are in the list themselves.
    const optional = manifest.optionalDependencies ?? {};
    for (const name of Object.keys({ ...optional, ...manifest.dependencies })) {
      const place = findPackage(folder, name);
      if (place) visit(place);
      else if (!(name in optional)) throw new Error(`${manifest.name}: ${name} is not installed.`);
    }
  };
  for (const folder of folders) visit(realpathSync(folder));
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** THIRD-PARTY-NOTICES.md: the licences of what is installed with the published packages. */
export function thirdPartyNotices(root: string, members: readonly Member[]): TextFile {
  const folders = members.filter((each) => !each.manifest.private).map((each) => join(root, each.folder));
  const sections = productionDependencies(folders).map(
    ({ name, version, licence, text }) =>
      `## ${name} ${version}\n\nLicence: ${licence}\n\n\`\`\`text\n${text}\n\`\`\`\n`,
  );
  const body = sections.length > 0 ? sections.join('\n') : 'None at present.\n';
  const head = `# Third-party notices

Packages that are installed together with hybra's, and their licences. None of their code is copied into
hybra's own packages. \`pnpm generate\` writes this file.
`;
  return { path: 'THIRD-PARTY-NOTICES.md', text: `${head}\n${body}` };
}
