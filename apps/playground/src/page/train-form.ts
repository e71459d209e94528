import type { TrainSubject } from '../engine/protocol.js';
import { element } from './element.js';

/** What is trained on, and how long. */
export interface TrainChoice {
  readonly subject: TrainSubject;
  readonly steps: number;
  readonly learningRate: number;
}

interface Subject {
  readonly label: string;
  readonly hint: string;
  readonly steps: number;
  readonly learningRate: number;
}

const subjects: Readonly<Record<TrainSubject['kind'], Subject>> = {
  text: {
    label: 'A text',
    hint: 'Two Mamba-2 layers, one of attention and three MLPs, from random weights, byte by byte. It will learn the text by heart.',
    steps: 100,
    learningRate: 0.004,
  },
  phonebook: {
    label: 'The phone book',
    hint: 'Books of three names and numbers, made up anew for every step: whose number is it? Two Mamba-2 layers and two of attention learn to look it up, in names that they never saw. They find it out suddenly, after some hundred steps, and answer nineteen of twenty questions at the end. Without a GPU that takes ten minutes; stop and try it when you like.',
    steps: 2000,
    learningRate: 0.004,
  },
};

// Shakespeare, Sonnet 18 (1609).
const sonnet = `Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date:
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade
Nor lose possession of that fair thou owest;
Nor shall Death brag thou wander'st in his shade,
When in eternal lines to time thou growest:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.
`;

/** Something to train a small model on: a text, or a task. */
export function createTrainForm(onTrain: (choice: TrainChoice) => void): HTMLElement {
  let kind: TrainSubject['kind'] = 'text';
  const text = element('textarea', { id: 'train-text', rows: 6, required: true });
  text.value = sonnet;
  const steps = numberInput('train-steps', { min: 1, max: 100000 });
  const rate = numberInput('train-rate', { min: 0.00001, max: 0.1, step: 'any' });
  const hint = element('p', { class: 'hint' });
  const textField = field('Text to learn', text);
  const choices = element(
    'fieldset',
    { class: 'choices' },
    element('legend', { class: 'visually-hidden' }, 'What to learn'),
    ...Object.entries(subjects).map(([value, { label }]) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name: 'train-subject',
          checked: value === kind,
          onchange: () => choose(value as TrainSubject['kind']),
        }),
        element('span', {}, label),
      ),
    ),
  );

  function choose(chosen: TrainSubject['kind']): void {
    kind = chosen;
    const subject = subjects[kind];
    hint.textContent = subject.hint;
    steps.value = String(subject.steps);
    rate.value = String(subject.learningRate);
    textField.hidden = kind !== 'text';
    text.disabled = kind !== 'text';
  }

  choose(kind);
  const form = element(
    'form',
    {
      class: 'train-form',
      onsubmit: (event: Event) => {
        event.preventDefault();
        const subject: TrainSubject = kind === 'text' ? { kind, text: text.value } : { kind };
        onTrain({ subject, steps: steps.valueAsNumber, learningRate: rate.valueAsNumber });
      },
    },
    choices,
    hint,
    textField,
    element('div', { class: 'sampling' }, field('Steps', steps), field('Learning rate', rate)),
    element('div', { class: 'actions' }, element('button', { type: 'submit' }, 'Train')),
  );
  return element('details', { class: 'controls' }, element('summary', {}, 'Or train a small one here'), form);
}

function numberInput(id: string, bounds: Readonly<Record<string, number | string>>): HTMLInputElement {
  return element('input', { type: 'number', id, required: true, ...bounds });
}

function field(label: string, input: HTMLElement): HTMLElement {
  return element('div', { class: 'field' }, element('label', { for: input.id }, label), input);
}
