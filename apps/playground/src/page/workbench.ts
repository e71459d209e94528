import type { EngineClient } from '../client/engine-client.js';
import type { ModelFacts } from '../engine/protocol.js';
import { createChatPane } from './chat-pane.js';
import { createCompletePane, type Pane, type PaneOptions } from './complete-pane.js';
import { element } from './element.js';
import { createInsidePanel } from './inside-panel.js';
import { createMemoryPanel } from './memory-panel.js';
import { createSamplingForm } from './sampling-form.js';
import { createWriter } from './writer.js';

/** What {@link createWorkbench} needs. */
export interface WorkbenchOptions {
  readonly client: EngineClient;
  readonly facts: ModelFacts;
  /** An empty branch for the conversation; branch 0 is for completing. */
  readonly chatBranch: number;
  readonly onError: (error: unknown) => void;
}

/** An open model at work: writing on one side, what it remembers on the other. */
export interface Workbench {
  readonly root: HTMLElement;
  /** Ends what is being written. */
  stop(): void;
}

/** Makes the workbench of an open model. */
export function createWorkbench({ client, facts, chatBranch, onError }: WorkbenchOptions): Workbench {
  const status = element('p', { class: 'status', role: 'status' });
  const sampling = createSamplingForm(facts.opening);
  const memory = createMemoryPanel(facts);
  const inside = createInsidePanel({ client, facts, onError });
  const writer = createWriter(client, {
    onChange: () => {
      for (const button of modes.querySelectorAll('input')) button.disabled = writer.isWriting;
      pane.refresh();
    },
    onStatus: (text) => {
      if (status.textContent !== text) status.textContent = text;
    },
    onError,
  });
  const options: PaneOptions = {
    client,
    writer,
    opening: facts.opening,
    readSampling: () => sampling.read(),
    onError,
    onShow: (branch, marked) => {
      memory.show(branch, marked);
      inside.show(branch, writer.isWriting, marked);
    },
  };
  const panes = {
    Complete: createCompletePane(options),
    Chat: createChatPane({ ...options, branchId: chatBranch, hasChatTemplate: facts.hasChatTemplate }),
  } satisfies Record<string, Pane>;
  let pane: Pane = panes.Complete;

  const place = element('div', {}, pane.root);
  const modes = element(
    'fieldset',
    { class: 'modes' },
    element('legend', { class: 'visually-hidden' }, 'How to write'),
    ...Object.entries(panes).map(([name, each]) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name: 'mode',
          checked: each === pane,
          onchange: () => {
            pane = each;
            place.replaceChildren(pane.root);
            status.textContent = '';
            pane.refresh();
          },
        }),
        element('span', {}, name),
      ),
    ),
  );
  pane.refresh();
  return {
    root: element(
      'div',
      { class: 'workbench' },
      element('section', { class: 'writing', 'aria-label': 'Writing' }, modes, sampling.root, place, status),
      memory.root,
      inside.root,
    ),
    stop: () => writer.stop(),
  };
}
