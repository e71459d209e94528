/** The page: a model is chosen, opened in the worker, and put to work. */
import { bundledModel } from './bundled-model.js';
import { EngineClient } from './client/engine-client.js';
import type { ModelChoice } from './engine/protocol.js';
import { createErrorView } from './page/error-view.js';
import { modelHeader } from './page/model-header.js';
import { createModelPicker } from './page/model-picker.js';
import { createWorkbench, type Workbench } from './page/workbench.js';

const client = new EngineClient(
  new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' }),
);
const errors = createErrorView();
const page = document.querySelector('main')!;
let opening: AbortController | undefined;
let workbench: Workbench | undefined;

const picker = createModelPicker({
  bundled: bundledModel,
  onChoose: (choice) => void open(choice),
  onCancel: () => opening?.abort(),
});

async function open(choice: ModelChoice): Promise<void> {
  if (opening) return;
  opening = new AbortController();
  workbench?.stop();
  errors.hide();
  showPicker();
  picker.setProgress({ loadedBytes: 0, totalBytes: 0 });
  try {
    const facts = await client.call('open', choice, {
      signal: opening.signal,
      onEvent: (progress) => picker.setProgress(progress),
    });
    const { branch: chatBranch } = await client.call('begin', null);
    workbench = createWorkbench({ client, facts, chatBranch, onError: errors.show });
    page.replaceChildren(modelHeader(facts, showPicker), errors.root, workbench.root);
    document.querySelector<HTMLElement>('#complete-text')?.focus();
  } catch (error) {
    if ((error as { code?: string }).code !== 'E_ABORTED') errors.show(error);
  } finally {
    opening = undefined;
    picker.setProgress(undefined);
  }
}

function showPicker(): void {
  page.replaceChildren(errors.root, picker.root);
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') workbench?.stop();
});
showPicker();
