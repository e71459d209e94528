import { bundledModel } from '../bundled-model.js';
import type { EngineClient } from '../client/engine-client.js';
import type { DeviceChoice, ModelChoice, ModelFacts, TrainStep } from '../engine/protocol.js';
import { element } from './element.js';
import { createErrorView } from './error-view.js';
import { createLossChart, type LossChart } from './loss-chart.js';
import { modelHeader } from './model-header.js';
import { createModelPicker } from './model-picker.js';
import type { TrainChoice } from './train-form.js';
import { createWorkbench, type Workbench } from './workbench.js';

/** An open model on the page. */
interface Opened {
  readonly workbench: Workbench;
  readonly parts: readonly Node[];
}

/** Fills the page: a model is chosen, opened in the worker, and put to work. */
export function startPage(page: HTMLElement, client: EngineClient): void {
  let opening: AbortController | undefined;
  /** Does what led to the present model once more. */
  let again: (() => void) | undefined;
  let opened: Opened | undefined;
  const errors = createErrorView(() => again?.());
  const picker = createModelPicker({
    bundled: bundledModel,
    onChoose: (model, device) => void open(model, device),
    onTrain: (choice, device) => void train(choice, device),
    onCancel: () => opening?.abort(),
  });
  const back = element(
    'button',
    { type: 'button', class: 'quiet', onclick: () => show() },
    'Back to the open model',
  );

  /** Lets the engine come to a model, in place of the one before, and puts that to work. */
  async function prepare(
    make: (signal: AbortSignal) => Promise<ModelFacts>,
    extra: readonly Node[] = [],
  ): Promise<void> {
    if (opening) return;
    opening = new AbortController();
    opened?.workbench.stop();
    // The engine holds one model at a time: the one before is gone from here on.
    opened = undefined;
    errors.hide();
    try {
      const facts = await make(opening.signal);
      const { branch: chatBranch } = await client.call('begin', null);
      const workbench = createWorkbench({ client, facts, chatBranch, onError: errors.show });
      opened = { workbench, parts: [modelHeader(facts, choose), errors.root, ...extra, workbench.root] };
      show();
      document.querySelector<HTMLElement>('#complete-text')?.focus();
    } catch (error) {
      show();
      if ((error as { code?: string }).code !== 'E_ABORTED') errors.show(error);
    } finally {
      opening = undefined;
      picker.setProgress(undefined);
    }
  }

  function open(model: ModelChoice, device: DeviceChoice): Promise<void> {
    return prepare((signal) => {
      again = () => void open(model, device);
      show();
      picker.setProgress({ loadedBytes: 0, totalBytes: 0 });
      return client.call('open', { model, device }, { signal, onEvent: picker.setProgress });
    });
  }

  function train(choice: TrainChoice, device: DeviceChoice): Promise<void> {
    const chart = createLossChart(choice.subject.kind === 'text' ? 'byte' : 'digit');
    return prepare(
      (signal) => {
        again = () => void train(choice, device);
        const steps: TrainStep[] = [];
        chart.show(steps, choice.steps);
        page.replaceChildren(trainingView(chart, () => opening?.abort()));
        return client.call(
          'train',
          { ...choice, device },
          {
            signal,
            onEvent: (step) => {
              steps.push(step);
              chart.show(steps, choice.steps);
            },
          },
        );
      },
      [chart.root],
    );
  }

  function show(): void {
    page.replaceChildren(...(opened?.parts ?? [errors.root, picker.root]));
  }

  function choose(): void {
    page.replaceChildren(back, errors.root, picker.root);
  }

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') opened?.workbench.stop();
  });
  show();
}

function trainingView(chart: LossChart, onStop: () => void): HTMLElement {
  return element(
    'section',
    { class: 'picker', 'aria-labelledby': 'training-title' },
    element('h2', { id: 'training-title' }, 'Training'),
    chart.root,
    element(
      'div',
      { class: 'actions' },
      element('button', { type: 'button', onclick: onStop }, 'Stop here and use it'),
    ),
  );
}
