import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateAll } from '../generate/generate-all.js';
import type { TextFile } from '../workspace/members.js';
import type { Check } from './check.js';

/** Generated files whose committed text differs. */
export function staleProblems(root: string, generated: readonly TextFile[]): string[] {
  return generated
    .filter(
      ({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
    )
    .map(({ path }) => `${path}: not what \`pnpm generate\` makes of the sources`);
}

/** Files made from sources are up to date. */
export const generatedFiles: Check = {
  name: 'generated-files',
  demands: 'docs/ops.md, docs/api, tables, indexes and notices are fresh (pnpm generate)',
  run: async ({ root, members }) => ({ problems: staleProblems(root, await generateAll(root, members)) }),
};
