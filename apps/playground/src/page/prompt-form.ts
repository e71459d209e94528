import { element } from './element.js';

/** What {@link createPromptForm} needs. */
export interface PromptFormOptions {
  /** Tells forms of one page apart. */
  readonly name: string;
  readonly label: string;
  readonly submit: string;
  readonly text: string;
  /** Said under the text. */
  readonly hint?: string | undefined;
  readonly onSubmit: (text: string) => void;
  readonly onStop: () => void;
  /** Shows a button that goes on with what there is. */
  readonly onContinue?: () => void;
}

/** A text with the buttons that start and stop the writing. */
export interface PromptForm {
  readonly root: HTMLElement;
  setBusy(isBusy: boolean, canContinue: boolean): void;
  clear(): void;
}

/** Makes the form: Ctrl+Enter (⌘ Enter) submits; so does the button. */
export function createPromptForm(options: PromptFormOptions): PromptForm {
  const { name, label, submit, onSubmit, onStop, onContinue } = options;
  const text = element('textarea', {
    id: `${name}-text`,
    rows: Math.min(8, Math.max(3, options.text.split('\n').length)),
    required: true,
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      if (!start.disabled) root.requestSubmit();
    },
  });
  text.value = options.text;
  const start = element('button', { type: 'submit', class: 'primary' }, submit);
  const stop = element('button', { type: 'button', hidden: true, onclick: onStop }, 'Stop');
  const more = element('button', { type: 'button', hidden: true, onclick: () => onContinue?.() }, 'Continue');
  const root = element(
    'form',
    {
      class: 'prompt-form',
      onsubmit: (event: Event) => {
        event.preventDefault();
        onSubmit(text.value);
      },
    },
    element('label', { for: text.id }, label),
    text,
    ...(options.hint === undefined ? [] : [element('p', { class: 'hint' }, options.hint)]),
    element(
      'div',
      { class: 'actions' },
      start,
      stop,
      more,
      element('small', { class: 'keys' }, 'Ctrl+Enter starts, Esc stops'),
    ),
  );
  return {
    root,
    setBusy(isBusy, canContinue) {
      const hadFocus = document.activeElement === start || document.activeElement === more;
      start.disabled = isBusy;
      stop.hidden = !isBusy;
      more.hidden = isBusy || !canContinue || !onContinue;
      if (isBusy && hadFocus) stop.focus();
    },
    clear() {
      text.value = '';
    },
  };
}
