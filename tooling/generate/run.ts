/** `pnpm generate`: writes every generated file. `pnpm check` fails while one of them differs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepare } from '../bootstrap/prepare.mjs';
import { readMembers } from '../workspace/members.js';
import { root } from '../workspace/root.js';
import { generateAll } from './generate-all.js';

await prepare(root);
for (const { path, text } of await generateAll(root, readMembers(root))) {
  const place = join(root, path);
  if (existsSync(place) && readFileSync(place, 'utf8') === text) continue;
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
  process.stdout.write(`wrote ${path}\n`);
}
