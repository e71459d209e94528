import type { Member, TextFile } from '../workspace/members.js';
import { apiReports } from './api-reports.js';
import { decisionIndex } from './decision-index.js';
import { opsTable } from './ops-table.js';
import { packageTable } from './package-table.js';
import { thirdPartyNotices } from './third-party.js';

/** Files that are made from sources, and what could not be made yet. */
export interface Generated {
  readonly files: readonly TextFile[];
  readonly notes: readonly string[];
}

/** Makes every generated file, in memory. API reports need the packages built. */
export async function generateAll(root: string, members: readonly Member[]): Promise<Generated> {
  const ops = await opsTable();
  return {
    files: [
      packageTable(root, members),
      decisionIndex(root),
      thirdPartyNotices(root, members),
      ...apiReports(root, members),
      ...(ops ? [ops] : []),
    ],
    notes: ops ? [] : ['docs/ops.md: @hybra/backend-testkit exports no supportTable yet'],
  };
}
