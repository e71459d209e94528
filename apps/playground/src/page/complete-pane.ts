import type { EngineClient } from '../client/engine-client.js';
import type { Alternative, Opening } from '../engine/protocol.js';
import { createBranchTabs } from './branch-tabs.js';
import { type BranchView, emptyBranch, forkedBranch, rewindBranch } from './branch-view.js';
import { element } from './element.js';
import { createPromptForm } from './prompt-form.js';
import type { SamplingChoice } from './sampling-form.js';
import { createStoryView } from './story-view.js';
import { createTokenBar } from './token-bar.js';
import type { Writer } from './writer.js';

const shownAlternatives = 6;

/** What a pane is given of the workbench. */
export interface PaneOptions {
  readonly client: EngineClient;
  readonly writer: Writer;
  /** What to begin with, where something is known. */
  readonly opening: Opening | undefined;
  /** The sampling controls; `undefined` when one of them is out of range, which was shown. */
  readonly readSampling: () => SamplingChoice | undefined;
  readonly onError: (error: unknown) => void;
  /** The pane shows another branch now, or marks another token of it. */
  readonly onShow: (branch: BranchView, marked?: number) => void;
}

/** One way to write. */
export interface Pane {
  readonly root: HTMLElement;
  /** The branch it shows. */
  readonly current: BranchView;
  /** Draws what changed. */
  refresh(): void;
}

/** Completing a text: its tokens, its branches, and what can be done with a token. */
export function createCompletePane(options: PaneOptions): Pane {
  const { client, writer, readSampling, onError, onShow } = options;
  const branches = [emptyBranch(0, 'Main')];
  let current = branches[0]!;
  let chosen: number | undefined;

  const form = createPromptForm({
    name: 'complete',
    label: 'Beginning of the text',
    submit: 'Write',
    text: options.opening?.text ?? 'ROMEO:\n',
    hint: options.opening?.hint,
    onSubmit: (text) => start({ kind: 'text', text }),
    onStop: () => writer.stop(),
    onContinue: () => start({ kind: 'continue' }),
  });
  const tabs = createBranchTabs((branch) => {
    story.choose(undefined);
    current = branch;
    refresh();
  });
  const story = createStoryView({ onChoose: (position) => void choose(position) });
  const bar = createTokenBar({
    onBranch: (alternative) => void branchOff(alternative),
    onGoBack: () => void goBack(),
  });

  function start(prompt: { kind: 'text'; text: string } | { kind: 'continue' }): void {
    const choice = readSampling();
    if (!choice || writer.isWriting) return;
    story.choose(undefined);
    void writer.write(current, prompt, seededFor(choice, current));
  }

  /** Draws depend on seed and position alone: a branch needs another seed, or it would repeat the first. */
  function seededFor(choice: SamplingChoice, { id }: BranchView): SamplingChoice {
    return { ...choice, sampling: { ...choice.sampling, seed: choice.sampling.seed + id } };
  }

  async function choose(position: number | undefined): Promise<void> {
    chosen = position;
    onShow(current, position);
    if (position === undefined) {
      bar.hide();
      return;
    }
    const branch = current;
    bar.show(branch.tokens[position - 1]!, position, branch.tokens[position]?.id);
    bar.setBusy(writer.isWriting);
    if (writer.isWriting) return;
    try {
      const place = { branch: branch.id, position, count: shownAlternatives };
      const found = await client.call('alternatives', place);
      if (branch === current && chosen === position) bar.showAlternatives(found);
    } catch (error) {
      onError(error);
    }
  }

  async function branchOff(alternative?: Alternative): Promise<void> {
    const position = chosen;
    const choice = readSampling();
    if (position === undefined || !choice || writer.isWriting) return;
    try {
      const next = alternative && { next: alternative.token.id };
      const { branch: id } = await client.call('fork', { branch: current.id, position, ...next });
      const branch = forkedBranch(current, position, id, `Branch ${branches.length} from token ${position}`);
      if (alternative) branch.tokens.push(alternative.token);
      branches.push(branch);
      story.choose(undefined);
      current = branch;
      await writer.write(branch, { kind: 'continue' }, seededFor(choice, branch));
    } catch (error) {
      onError(error);
    }
  }

  async function goBack(): Promise<void> {
    const position = chosen;
    if (position === undefined || writer.isWriting) return;
    try {
      await client.call('rewind', { branch: current.id, position });
      rewindBranch(current, position);
      story.choose(undefined);
      refresh();
    } catch (error) {
      onError(error);
    }
  }

  function refresh(): void {
    form.setBusy(writer.isWriting, current.tokens.length > 0);
    tabs.show(branches, current, writer.isWriting);
    story.show(current, writer.isWriting);
    bar.setBusy(writer.isWriting);
    onShow(current, chosen);
  }

  const root = element('div', { class: 'pane complete-pane' }, form.root, tabs.root, story.root, bar.root);
  return {
    root,
    refresh,
    get current() {
      return current;
    },
  };
}
