import type { SamplingOptions } from '@hybra/generate';
import { element } from './element.js';

/** What the controls say. */
export interface SamplingChoice {
  readonly sampling: SamplingOptions & { readonly seed: number };
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

interface Control {
  readonly label: string;
  readonly hint: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const controls = {
  temperature: {
    label: 'Temperature',
    hint: '0 takes the likeliest',
    value: 0.8,
    min: 0,
    max: 5,
    step: 0.05,
  },
  topK: { label: 'Top-k', hint: '0 keeps all', value: 0, min: 0, max: 100000, step: 1 },
  topP: { label: 'Top-p', hint: '1 keeps all', value: 0.95, min: 0, max: 1, step: 0.01 },
  minP: { label: 'Min-p', hint: '0 keeps all', value: 0, min: 0, max: 1, step: 0.01 },
  repetitionPenalty: { label: 'Repetition', hint: '1 is no penalty', value: 1, min: 0.5, max: 3, step: 0.05 },
  seed: { label: 'Seed', hint: 'same seed, same text', value: 1, min: 0, max: 2 ** 53 - 1, step: 1 },
  maxTokens: { label: 'Max tokens', hint: 'then it pauses', value: 120, min: 1, max: 100000, step: 1 },
} as const satisfies Readonly<Record<string, Control>>;

/** Sampling controls in a disclosure, perhaps with other values at first. `read` gives `undefined`, and shows why, when a value is out of range. */
export function createSamplingForm(
  initial: { readonly temperature?: number; readonly maxTokens?: number } = {},
): { readonly root: HTMLElement; read(): SamplingChoice | undefined } {
  const values: Readonly<Record<string, number | undefined>> = { ...initial };
  const inputs = new Map<string, HTMLInputElement>();
  const fields = Object.entries(controls).map(([name, { label, hint, ...range }]) => {
    const input = element('input', {
      type: 'number',
      id: `sampling-${name}`,
      inputmode: 'decimal',
      required: true,
      'aria-describedby': `hint-${name}`,
      ...range,
      value: values[name] ?? range.value,
    });
    inputs.set(name, input);
    return element(
      'div',
      { class: 'field' },
      element('label', { for: input.id }, label),
      input,
      element('small', { id: `hint-${name}` }, hint),
    );
  });
  const stop = element('textarea', {
    id: 'sampling-stop',
    rows: 2,
    'aria-describedby': 'hint-stop',
    spellcheck: 'false',
  });
  const form = element(
    'form',
    { class: 'sampling', onsubmit: (event: Event) => event.preventDefault() },
    ...fields,
    element(
      'div',
      { class: 'field wide' },
      element('label', { for: 'sampling-stop' }, 'Stop strings'),
      stop,
      element('small', { id: 'hint-stop' }, 'one per line; \\n is a line break'),
    ),
  );
  const root = element('details', { class: 'controls' }, element('summary', {}, 'Sampling'), form);
  return {
    root,
    read() {
      if (!form.checkValidity()) {
        root.open = true;
        form.reportValidity();
        return undefined;
      }
      const value = (name: keyof typeof controls): number => inputs.get(name)!.valueAsNumber;
      return {
        sampling: {
          temperature: value('temperature'),
          topK: value('topK'),
          topP: value('topP'),
          minP: value('minP'),
          repetitionPenalty: value('repetitionPenalty'),
          seed: value('seed'),
        },
        maxTokens: value('maxTokens'),
        stop: stop.value
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.replaceAll('\\n', '\n')),
      };
    },
  };
}
