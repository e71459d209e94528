import type { BranchView } from './branch-view.js';
import { element } from './element.js';

/** What {@link createStoryView} needs. */
export interface StoryViewOptions {
  /** @param position tokens up to and with the one chosen; `undefined` when none is any more */
  readonly onChoose: (position: number | undefined) => void;
}

/** The written text, token by token. */
export interface StoryView {
  readonly root: HTMLElement;
  /** Draws tokens that are new, or all of them if `branch` is another or became shorter. */
  show(branch: BranchView, isWriting: boolean): void;
  choose(position: number | undefined): void;
}

/**
 * A list box of tokens: one stop for the Tab key, arrows move, Enter or a click chooses.
 */
export function createStoryView({ onChoose }: StoryViewOptions): StoryView {
  const tail = element('span', { class: 'tail' });
  const caret = element('span', { class: 'caret', 'aria-hidden': true, hidden: true });
  const empty = element('p', { class: 'story-empty' }, 'What the model writes appears here, token by token.');
  const tokens: HTMLElement[] = [];
  let shown: BranchView | undefined;
  let promptLength = 0;
  let active: number | undefined;
  let chosen: number | undefined;

  const root = element('div', {
    class: 'story',
    role: 'listbox',
    tabindex: 0,
    'aria-label': 'Written tokens. Arrow keys move, Enter opens a token.',
    onkeydown: (event: KeyboardEvent) => onKey(event),
    onclick: ({ target }: MouseEvent) => {
      const index = tokens.indexOf(target as HTMLElement);
      choose(index < 0 || index + 1 === chosen ? undefined : index + 1);
    },
  });
  root.append(empty, tail, caret);

  function activate(index: number | undefined): void {
    if (active !== undefined) tokens[active]?.classList.remove('active');
    active = index;
    if (index === undefined) {
      root.removeAttribute('aria-activedescendant');
      return;
    }
    tokens[index]!.classList.add('active');
    tokens[index]!.scrollIntoView({ block: 'nearest' });
    root.setAttribute('aria-activedescendant', tokens[index]!.id);
  }

  function choose(position: number | undefined): void {
    if (chosen !== undefined) tokens[chosen - 1]?.setAttribute('aria-selected', 'false');
    chosen = position;
    if (position !== undefined) {
      tokens[position - 1]!.setAttribute('aria-selected', 'true');
      activate(position - 1);
    }
    onChoose(position);
  }

  function onKey(event: KeyboardEvent): void {
    const last = tokens.length - 1;
    if (last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = active ?? last + 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowUp: at - 10,
      ArrowRight: at + 1,
      ArrowDown: at + 10,
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    if (to !== undefined) activate(Math.max(0, Math.min(last, to)));
    else if ((event.key === 'Enter' || event.key === ' ') && active !== undefined) choose(active + 1);
    else return;
    event.preventDefault();
  }

  return {
    root,
    choose,
    show(branch, isWriting) {
      const isLonger =
        branch === shown && branch.tokens.length >= tokens.length && branch.promptLength === promptLength;
      if (!isLonger) {
        activate(undefined);
        if (chosen !== undefined) choose(undefined);
        for (const token of tokens.splice(0)) token.remove();
      }
      shown = branch;
      promptLength = branch.promptLength;
      const added = branch.tokens.slice(tokens.length).map((token, index) => {
        const at = tokens.length + index;
        return element(
          'span',
          {
            class: at < promptLength ? 'token prompt' : 'token',
            role: 'option',
            id: `token-${at}`,
            'aria-selected': 'false',
          },
          token.text,
        );
      });
      tokens.push(...added);
      tail.before(...added);
      tail.textContent = branch.tail;
      empty.hidden = tokens.length > 0;
      caret.hidden = !isWriting;
      root.setAttribute('aria-busy', String(isWriting));
    },
  };
}
