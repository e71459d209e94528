import { element } from './element.js';

/** What is trained on, and how long. */
export interface TrainChoice {
  readonly text: string;
  readonly steps: number;
  readonly learningRate: number;
}

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

/** A text to train a small model on. */
export function createTrainForm(onTrain: (choice: TrainChoice) => void): HTMLElement {
  const text = element('textarea', { id: 'train-text', rows: 6, required: true });
  text.value = sonnet;
  const steps = element('input', { type: 'number', id: 'train-steps', required: true, min: 1, max: 100000 });
  steps.value = '100';
  const rate = element('input', {
    type: 'number',
    id: 'train-rate',
    required: true,
    min: 0.00001,
    max: 0.1,
    step: 'any',
  });
  rate.value = '0.004';
  const field = (label: string, input: HTMLElement): HTMLElement =>
    element('div', { class: 'field' }, element('label', { for: input.id }, label), input);
  const form = element(
    'form',
    {
      class: 'train-form',
      onsubmit: (event: Event) => {
        event.preventDefault();
        onTrain({ text: text.value, steps: steps.valueAsNumber, learningRate: rate.valueAsNumber });
      },
    },
    element(
      'p',
      { class: 'hint' },
      'Two Mamba-2 layers, one of attention and three MLPs, from random weights, byte by byte. It will learn the text by heart.',
    ),
    field('Text to learn', text),
    element('div', { class: 'sampling' }, field('Steps', steps), field('Learning rate', rate)),
    element('div', { class: 'actions' }, element('button', { type: 'submit' }, 'Train')),
  );
  return element('details', { class: 'controls' }, element('summary', {}, 'Or train a small one here'), form);
}
