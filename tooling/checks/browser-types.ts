import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { architecture } from '../workspace/architecture.js';
import { publicPackages } from '../workspace/members.js';
import type { Check } from './check.js';

const nodeTypes = /\bNodeJS\.|\bBuffer\b(?!Source)|['"]node:|types="node"/;

/** Lines of a declaration file that need the types of Node. */
export function nodeTypeProblems(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    // Doc comments may speak of Buffer; only code needs its type.
    const code = line.replace(/^\s*(?:\/\*\*|\*).*$/, '');
    return nodeTypes.test(code) ? [`${path}:${index + 1}: needs the types of Node: ${line.trim()}`] : [];
  });
}

/** Users of a browser-safe package need not install the types of Node. */
export const browserTypes: Check = {
  name: 'browser-types',
  demands: 'declarations of browser-safe packages need no types of Node',
  run: ({ root, members }) => ({
    problems: publicPackages(members)
      .filter(({ manifest }) => architecture[manifest.name]?.browserSafe)
      .map(({ folder }) => `${folder}/dist/index.d.ts`)
      .filter((path) => existsSync(join(root, path)))
      .flatMap((path) => nodeTypeProblems(path, readFileSync(join(root, path), 'utf8'))),
  }),
};
