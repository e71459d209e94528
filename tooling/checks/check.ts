import type { Member } from '../workspace/members.js';

/** What checks look at. */
export interface Workspace {
  /** Absolute path of the repository. */
  readonly root: string;
  readonly members: readonly Member[];
}

/** What a check found: problems fail it, notes are only printed. */
export interface Findings {
  readonly problems: readonly string[];
  readonly notes?: readonly string[];
}

/** One thing that must hold for the repository. */
export interface Check {
  /** Lower-case words with dashes; `pnpm check NAME` runs it alone. */
  readonly name: string;
  /** One line: what it demands. */
  readonly demands: string;
  readonly run: (workspace: Workspace) => Promise<Findings> | Findings;
}
