import { element } from './element.js';

interface Explanation {
  readonly title: string;
  readonly wayOut: string;
  /** Whether opening the model anew helps. */
  readonly reopens?: boolean;
}

const explanations: Readonly<Record<string, Explanation>> = {
  E_FORMAT: {
    title: 'A file is broken',
    wayOut: 'Compare its size with the original, and download it again if they differ.',
  },
  E_CONFIG: {
    title: 'This model cannot be run as it is',
    wayOut: 'Choose the whole folder of the checkpoint: config.json, tokenizer files and safetensors.',
  },
  E_IO: {
    title: 'A file could not be read',
    wayOut: 'If it is on another server, that server must allow this page to read it (CORS). Then try again.',
  },
  E_OUT_OF_MEMORY: {
    title: 'There is not enough memory',
    wayOut: 'Close other tabs, or choose a smaller model.',
  },
  E_CONTEXT_LENGTH: {
    title: 'The text is longer than the model allows',
    wayOut: 'Go back to an earlier token, or begin with a shorter prompt.',
  },
  E_DEVICE_LOST: {
    title: 'The device was lost',
    wayOut: 'Open the model again. What was written stays on the page until then.',
    reopens: true,
  },
  E_BACKEND_UNAVAILABLE: { title: 'Nothing here can run a model', wayOut: 'Try a current browser.' },
  E_ABORTED: { title: 'Stopped', wayOut: 'Start again when you like.' },
  E_ARGUMENT: { title: 'That does not work', wayOut: 'Change the value and try again.' },
};

const defect: Explanation = {
  title: 'Something went wrong inside the page',
  wayOut: 'Reload it. If it happens again, please report it with the text above.',
};

/**
 * A place for one error: what happened, in the library's words, and the way out. Announced when it appears.
 * @param onReopen opens the model anew
 */
export function createErrorView(onReopen: () => void): {
  readonly root: HTMLElement;
  show(error: unknown): void;
  hide(): void;
} {
  const root = element('div', { class: 'error', role: 'alert', hidden: true });
  const hide = (): void => {
    root.hidden = true;
    root.replaceChildren();
  };
  return {
    root,
    hide,
    show(error) {
      const code = codeOf(error);
      const { title, wayOut, reopens } = explanations[code] ?? defect;
      root.replaceChildren(
        element('strong', {}, title),
        element('p', {}, error instanceof Error ? error.message : String(error)),
        element('p', { class: 'way-out' }, wayOut),
        element('p', { class: 'code' }, code),
        element(
          'div',
          { class: 'actions' },
          ...(reopens ? [element('button', { type: 'button', onclick: onReopen }, 'Open it again')] : []),
          element('button', { type: 'button', 'aria-label': 'Dismiss the error', onclick: hide }, 'Dismiss'),
        ),
      );
      root.hidden = false;
      root.scrollIntoView({ block: 'nearest' });
    },
  };
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'E_INTERNAL';
}
