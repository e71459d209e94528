import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { architecture } from '../workspace/architecture.js';
import { type Member, publicPackages, type TextFile } from '../workspace/members.js';
import { replaceBetweenMarkers } from './markers.js';

function row({ folder, manifest }: Member): string {
  const places = architecture[manifest.name]?.browserSafe ? 'Node, browser' : 'Node';
  return `| [\`${manifest.name}\`](${folder}) | ${manifest.description ?? ''} | ${places} |`;
}

/** The table of packages between the markers in README.md. */
export function packageTable(root: string, members: readonly Member[]): TextFile {
  const table = ['| Package | What it is | Runs in |', '|---|---|---|', ...publicPackages(members).map(row)];
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return { path: 'README.md', text: replaceBetweenMarkers(readme, 'packages', table.join('\n')) };
}
