import type { Figures, Look, Token, WriteEvent } from '../engine/protocol.js';

/** What the page knows of a branch. */
export interface BranchView {
  /** The engine's number. */
  readonly id: number;
  readonly label: string;
  readonly tokens: Token[];
  readonly looks: Look[];
  promptLength: number;
  /** Text before a stop string that belongs to no token. */
  tail: string;
  figures: Figures | undefined;
}

/** A branch without tokens. */
export function emptyBranch(id: number, label: string): BranchView {
  return { id, label, tokens: [], looks: [], promptLength: 0, tail: '', figures: undefined };
}

/** The view of a branch that shares the first `position` tokens. */
export function forkedBranch(from: BranchView, position: number, id: number, label: string): BranchView {
  const forked = { ...from, id, label, tokens: [...from.tokens], looks: [...from.looks] };
  rewindBranch(forked, position);
  return forked;
}

/** Forgets what came after the first `position` tokens. */
export function rewindBranch(branch: BranchView, position: number): void {
  branch.tokens.length = Math.min(position, branch.tokens.length);
  branch.promptLength = Math.min(branch.promptLength, position);
  branch.looks.splice(0, Infinity, ...branch.looks.filter((look) => look.position <= position));
  branch.tail = '';
}

/** Brings a branch up to date with what happened. */
export function applyEvent(branch: BranchView, event: WriteEvent): void {
  switch (event.kind) {
    case 'prompt':
      rewindBranch(branch, event.kept);
      branch.tokens.push(...event.tokens);
      if (event.tokens.length > 0) branch.promptLength = branch.tokens.length;
      return;
    case 'token':
      branch.tokens.push(event.token);
      return;
    case 'look':
      if (branch.looks.at(-1)?.position !== event.look.position) branch.looks.push(event.look);
      branch.figures = event.figures;
      return;
    case 'prefill':
  }
}
