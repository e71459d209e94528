import type { ModelFacts } from '../engine/protocol.js';
import { element } from './element.js';
import { formatCount } from './format.js';

/** The open model in a line, with the notice of its device. */
export function modelHeader(facts: ModelFacts, onChange: () => void): HTMLElement {
  const context =
    facts.contextLength === undefined ? 'any length' : `${formatCount(facts.contextLength)} tokens`;
  return element(
    'section',
    { class: 'model', 'aria-label': 'The open model' },
    element(
      'p',
      { class: 'model-line' },
      element('strong', {}, facts.name),
      element('span', {}, facts.family),
      element('span', {}, `${formatCount(facts.parameterCount)} parameters`),
      element('span', {}, `context ${context}`),
      element('span', {}, facts.device),
      element('code', { class: 'pattern', 'aria-label': `layers: ${facts.pattern}` }, facts.pattern),
    ),
    element('button', { type: 'button', class: 'quiet', onclick: onChange }, 'Change model'),
    ...(facts.notice === undefined ? [] : [element('p', { class: 'notice', role: 'note' }, facts.notice)]),
  );
}
