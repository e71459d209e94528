import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packAll } from '../packing/pack.js';
import type { Check } from './check.js';

/** Ways to resolve a module that an ESM-only package does not serve. */
const notServed = new Set(['node10', 'node16-cjs']);

/** Problems of a packed package's types, for users of ESM. */
export async function typeProblems(name: string, tarball: Uint8Array): Promise<string[]> {
  const result = await checkPackage(createPackageFromTarballData(tarball));
  if (!result.types) return [`${name}: has no types`];
  return result.problems
    .filter((problem: Problem) => !('resolutionKind' in problem && notServed.has(problem.resolutionKind)))
    .map((problem) => `${name}: are-the-types-wrong finds ${problem.kind}: ${JSON.stringify(problem)}`);
}

/** Problems of a packed package's manifest and files. */
export async function manifestProblems(name: string, tarball: Uint8Array): Promise<string[]> {
  const copy = Uint8Array.from(tarball).buffer;
  const { messages, pkg } = await publint({ pack: { tarball: copy }, strict: true });
  return messages.map(
    (message) => `${name}: publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/** Packed packages work for those who install them: manifests by publint, types by are-the-types-wrong. */
export const publishedTypes: Check = {
  name: 'published-types',
  demands: 'packed packages pass publint and are-the-types-wrong (ESM only)',
  run: async ({ root }) => {
    const folder = mkdtempSync(join(tmpdir(), 'hybra-pack-'));
    try {
      const problems: string[] = [];
      for (const packed of await packAll(root, folder)) {
        const tarball = readFileSync(packed.tarball);
        problems.push(...(await manifestProblems(packed.name, tarball)));
        problems.push(...(await typeProblems(packed.name, tarball)));
      }
      return { problems };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
