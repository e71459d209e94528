import type { EngineClient } from '../client/engine-client.js';
import type { Inside, ModelFacts, Token } from '../engine/protocol.js';
import { createAttentionView } from './attention-view.js';
import type { BranchView } from './branch-view.js';
import { element } from './element.js';
import { visibleText } from './format.js';
import { createGatesView } from './gates-view.js';

/** What {@link createInsidePanel} needs. */
export interface InsidePanelOptions {
  readonly client: EngineClient;
  readonly facts: ModelFacts;
  readonly onError: (error: unknown) => void;
}

/** What happens inside the layers, token by token. */
export interface InsidePanel {
  readonly root: HTMLElement;
  /** @param marked a token chosen elsewhere on the page, from 1 */
  show(branch: BranchView, isWriting: boolean, marked?: number): void;
}

/**
 * A disclosure: while it is open, and nothing is being written, the tokens of the text are processed once more by
 * a program that tells what gates and attention did. Closed it costs nothing.
 */
export function createInsidePanel({ client, facts, onError }: InsidePanelOptions): InsidePanel {
  const status = element('p', { class: 'hint', role: 'status' });
  const slider = element('input', {
    type: 'range',
    id: 'inside-token',
    min: 1,
    step: 1,
    oninput: () => render(),
  });
  const reading = element('output', { class: 'inside-reading', for: 'inside-token' });
  const gates = createGatesView(facts);
  const attention = createAttentionView(facts, (at) => {
    slider.value = String(at + 1);
    render();
  });
  const content = element(
    'div',
    { class: 'inside-content', hidden: true },
    element(
      'div',
      { class: 'inside-token' },
      element('label', { for: 'inside-token' }, 'Token'),
      slider,
      reading,
    ),
    gates.root,
    attention.root,
  );
  const root = element(
    'details',
    { class: 'controls inside', ontoggle: () => void look() },
    element('summary', {}, 'Look inside: gates and attention'),
    element('div', { class: 'inside-body' }, status, content),
  );
  let latest: BranchView | undefined;
  let isWriting = false;
  let running: AbortController | undefined;
  let seen: { readonly inside: Inside; readonly tokens: readonly Token[]; readonly key: string } | undefined;
  let wanted: number | undefined;

  async function look(): Promise<void> {
    if (!root.open || !latest || isWriting || running) return;
    const { id: branch, tokens } = latest;
    const key = keyOf(latest);
    if (tokens.length === 0) {
      status.textContent = 'Write something first: then every token can be looked into.';
      return;
    }
    if (seen?.key === key) return;
    running = new AbortController();
    const texts = [...tokens];
    status.textContent = 'Looking inside';
    content.classList.add('stale');
    try {
      const inside = await client.call(
        'inside',
        { branch, position: texts.length },
        {
          signal: running.signal,
          onEvent: ({ done, total }) => {
            if (total > done) status.textContent = `Looking inside: ${done} of ${total} tokens`;
          },
        },
      );
      seen = { inside, tokens: texts.slice(inside.from), key };
      slider.max = String(inside.count);
      slider.value = String(inside.count);
      render();
      mark(wanted);
      content.hidden = false;
      content.classList.remove('stale');
      status.textContent = sentence(inside);
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_ABORTED') onError(error);
      status.textContent = '';
    } finally {
      running = undefined;
    }
    // The text went on while this was under way.
    if (latest && keyOf(latest) !== key) void look();
  }

  /** Moves to a token of the text, if it is among those that are told of. */
  function mark(position: number | undefined): void {
    if (!seen || position === undefined) return;
    const at = position - seen.inside.from;
    if (at < 1 || at > seen.inside.count) return;
    slider.value = String(at);
    render();
  }

  function render(): void {
    if (!seen) return;
    const { inside, tokens } = seen;
    const at = slider.valueAsNumber - 1;
    const text = visibleText(tokens[at]?.text ?? '');
    reading.textContent = `${inside.from + at + 1}: ${text}`;
    slider.setAttribute('aria-valuetext', `${inside.from + at + 1}, ${text}`);
    gates.show(inside, at);
    attention.show(inside, tokens, at);
  }

  // The pictures take their colour from the theme when they are drawn.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', render);
  return {
    root,
    show(branch, writing, marked) {
      latest = branch;
      isWriting = writing;
      if (writing) {
        running?.abort();
        if (seen && root.open) {
          content.classList.add('stale');
          status.textContent = 'The text goes on; it is looked into again when the writing pauses.';
        }
        return;
      }
      if (marked !== wanted) {
        wanted = marked;
        mark(marked);
      }
      void look();
    },
  };
}

function keyOf({ id, tokens }: BranchView): string {
  return `${id}: ${tokens.map((token) => token.id).join(' ')}`;
}

function sentence({ from, count }: Inside): string {
  const which = from === 0 ? `all ${count} tokens` : `the last ${count} of ${from + count} tokens`;
  return `What the layers did with ${which}. Move along them, or choose one in the text.`;
}
