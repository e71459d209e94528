import { join } from 'node:path';
import { productionDependencies, type ThirdParty } from '../generate/third-party.js';
import type { Check } from './check.js';

/** Licences that production dependencies may have. */
export const allowedLicences: ReadonlySet<string> = new Set([
  'Apache-2.0',
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
]);

function isAllowed(licence: string): boolean {
  const alternatives = licence.replace(/[()]/g, '').split(/\s+OR\s+/);
  return alternatives.some((each) => each.split(/\s+AND\s+/).every((part) => allowedLicences.has(part)));
}

/** Dependencies whose licence is not on the list. */
export function licenceProblems(dependencies: readonly ThirdParty[]): string[] {
  return dependencies
    .filter((each) => !isAllowed(each.licence))
    .map(
      (each) => `${each.name}@${each.version}: licence "${each.licence}" is not on the list of allowed ones`,
    );
}

/** What users install with us may be used as freely as we are. */
export const licences: Check = {
  name: 'licences',
  demands: 'production dependencies have a permissive licence',
  run: ({ root, members }) => ({
    problems: licenceProblems(
      productionDependencies(
        members.filter((each) => !each.manifest.private).map((each) => join(root, each.folder)),
      ),
    ),
  }),
};
