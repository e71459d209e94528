import { bundledModel } from '../bundled-model.js';
import type { EngineClient } from '../client/engine-client.js';
import type { DeviceChoice, ModelChoice } from '../engine/protocol.js';
import { element } from './element.js';
import { createErrorView } from './error-view.js';
import { modelHeader } from './model-header.js';
import { createModelPicker } from './model-picker.js';
import { createWorkbench, type Workbench } from './workbench.js';

/** An open model on the page. */
interface Opened {
  readonly workbench: Workbench;
  readonly parts: readonly Node[];
}

/** Fills the page: a model is chosen, opened in the worker, and put to work. */
export function startPage(page: HTMLElement, client: EngineClient): void {
  let opening: AbortController | undefined;
  let latest: readonly [ModelChoice, DeviceChoice] | undefined;
  let opened: Opened | undefined;
  const errors = createErrorView(() => {
    if (latest) void open(...latest);
  });
  const picker = createModelPicker({
    bundled: bundledModel,
    onChoose: (model, device) => void open(model, device),
    onCancel: () => opening?.abort(),
  });
  const back = element(
    'button',
    { type: 'button', class: 'quiet', onclick: () => show() },
    'Back to the open model',
  );

  async function open(model: ModelChoice, device: DeviceChoice): Promise<void> {
    if (opening) return;
    opening = new AbortController();
    latest = [model, device];
    opened?.workbench.stop();
    // The engine holds one model at a time: the one before is gone from here on.
    opened = undefined;
    errors.hide();
    show();
    picker.setProgress({ loadedBytes: 0, totalBytes: 0 });
    try {
      const { signal } = opening;
      const facts = await client.call('open', { model, device }, { signal, onEvent: picker.setProgress });
      const { branch: chatBranch } = await client.call('begin', null);
      const workbench = createWorkbench({ client, facts, chatBranch, onError: errors.show });
      opened = { workbench, parts: [modelHeader(facts, choose), errors.root, workbench.root] };
      show();
      document.querySelector<HTMLElement>('#complete-text')?.focus();
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_ABORTED') errors.show(error);
    } finally {
      opening = undefined;
      picker.setProgress(undefined);
    }
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
