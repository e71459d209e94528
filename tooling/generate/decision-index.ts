import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TextFile } from '../workspace/members.js';

const folder = 'docs/decisions';

/** A row of the index. */
export interface Decision {
  readonly file: string;
  readonly date: string;
  readonly title: string;
  readonly status: string;
}

/**
 * Reads the head of a decision record.
 * @throws if the name carries no date, or title or status are missing
 */
export function readDecision(file: string, text: string): Decision {
  const date = /^(\d{4}-\d{2}-\d{2})-[a-z0-9-]+\.md$/.exec(file)?.[1];
  const title = /^# (.+)$/m.exec(text)?.[1];
  const status = /^Status: (proposed|accepted|rejected|superseded by .+)$/m.exec(text)?.[1];
  if (!date) throw new Error(`${folder}/${file}: the name must be YYYY-MM-DD-verb-phrase.md.`);
  if (!title || !status) throw new Error(`${folder}/${file}: needs a "# Title" and a line "Status: …".`);
  return { file, date, title, status };
}

/** docs/decisions/README.md: the list of decision records, oldest first. */
export function decisionIndex(root: string): TextFile {
  const decisions = readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md') && name !== 'README.md' && name !== 'template.md')
    .sort()
    .map((name) => readDecision(name, readFileSync(join(root, folder, name), 'utf8')));
  const rows = decisions.map(
    ({ file, date, title, status }) => `| ${date} | [${title}](${file}) | ${status} |`,
  );
  const text = `# Decisions

Why hybra is built as it is. Each record is short and names what was rejected and how to tell that the
decision still holds. Start a new one from [template.md](template.md). \`pnpm generate\` writes this list.

| Date | Decision | Status |
|---|---|---|
${rows.join('\n')}
`;
  return { path: `${folder}/README.md`, text };
}
