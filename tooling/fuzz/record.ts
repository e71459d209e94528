import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The outcome of one target. */
export interface RecordedTarget {
  readonly target: string;
  readonly seed: number;
  readonly cases: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failed: number;
}

const head = `# Fuzzing record

The latest full run per parser, written by \`pnpm fuzz --record\`. A case is a valid seed with one to four mutations;
it must be accepted or refused with a typed error, within 2 seconds and 1024 MB.

| Parser | Date | Node | Seed | Cases | Accepted | Refused | Failed |
|---|---|---|---|---|---|---|---|
`;

/**
 * Puts outcomes into the record; rows of other targets stay.
 * @param text the record so far, or empty
 * @param date such as `2026-11-24`
 */
export function updateRecord(
  text: string,
  targets: readonly RecordedTarget[],
  date: string,
  node: string,
): string {
  const rows = new Map<string, string>();
  for (const line of text.split('\n')) {
    const name = /^\| `([^`]+)` \|/.exec(line)?.[1];
    if (name) rows.set(name, line);
  }
  for (const { target, seed, cases, accepted, refused, failed } of targets) {
    const cells = [`\`${target}\``, date, node, seed, cases, accepted, refused, failed];
    rows.set(target, `| ${cells.join(' | ')} |`);
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return `${head}${sorted.join('\n')}\n`;
}

/** Updates the record in a file. */
export function writeRecord(path: string, targets: readonly RecordedTarget[]): void {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(path, updateRecord(text, targets, date, process.versions.node));
}
