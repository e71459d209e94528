import type { Alternative, Token } from '../engine/protocol.js';
import { element } from './element.js';
import { visibleText } from './format.js';

/** What {@link createTokenBar} needs. */
export interface TokenBarOptions {
  /** Branch after the chosen token, with another next token if one was picked. */
  readonly onBranch: (alternative?: Alternative) => void;
  readonly onGoBack: () => void;
}

/** What can be done with a chosen token. */
export interface TokenBar {
  readonly root: HTMLElement;
  /** @param next the id of the token that did come after it */
  show(token: Token, position: number, next: number | undefined): void;
  showAlternatives(alternatives: readonly Alternative[]): void;
  setBusy(isBusy: boolean): void;
  hide(): void;
}

/** A token's place, branching, going back, and what could have come after it. */
export function createTokenBar({ onBranch, onGoBack }: TokenBarOptions): TokenBar {
  const title = element('p', { class: 'token-title' });
  const branch = element('button', { type: 'button', onclick: () => onBranch() }, 'Branch from here');
  const back = element('button', { type: 'button', onclick: () => onGoBack() }, 'Go back to here');
  const list = element('ul', { class: 'alternatives', 'aria-label': 'What could have come next' });
  const root = element(
    'section',
    { class: 'token-bar', 'aria-label': 'Chosen token', hidden: true },
    title,
    element('div', { class: 'actions' }, branch, back),
    element('p', { class: 'hint' }, 'What could have come next. Pick one to branch with it:'),
    list,
  );
  let came: number | undefined;
  let isBusy = false;
  const setBusy = (busy: boolean): void => {
    isBusy = busy;
    for (const button of root.querySelectorAll('button')) button.disabled = busy;
  };
  return {
    root,
    setBusy,
    show(token, position, next) {
      came = next;
      title.replaceChildren(
        element('strong', {}, visibleText(token.text)),
        ` token ${position}, id ${token.id}. The state after it is restored when you go on from here.`,
      );
      list.replaceChildren();
      root.hidden = false;
    },
    showAlternatives(alternatives) {
      list.replaceChildren(
        ...alternatives.map((alternative) => {
          const { token, probability } = alternative;
          const percent = `${(probability * 100).toFixed(1)} %`;
          const button = element(
            'button',
            {
              type: 'button',
              'aria-label': `Branch with ${visibleText(token.text)}, ${percent}`,
              onclick: () => onBranch(alternative),
            },
            element('span', { class: 'alternative-text' }, visibleText(token.text)),
            element('span', { class: 'alternative-percent' }, percent),
          );
          button.style.setProperty('--share', String(probability));
          return element('li', { class: token.id === came ? 'came' : undefined }, button);
        }),
      );
      setBusy(isBusy);
    },
    hide() {
      root.hidden = true;
    },
  };
}
