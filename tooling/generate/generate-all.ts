import type { Member, TextFile } from '../workspace/members.js';
import { apiReports } from './api-reports.js';
import { decisionIndex } from './decision-index.js';
import { modelsTable } from './models-table.js';
import { opsTable } from './ops-table.js';
import { packageTable } from './package-table.js';
import { thirdPartyNotices } from './third-party.js';

/** Makes every generated file, in memory. API reports need the packages built. */
export async function generateAll(root: string, members: readonly Member[]): Promise<readonly TextFile[]> {
  return [
    packageTable(root, members),
    decisionIndex(root),
    thirdPartyNotices(root, members),
    ...apiReports(root, members),
    await opsTable(),
    modelsTable(root),
  ];
}
