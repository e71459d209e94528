import type { DeviceChoice, ModelChoice } from '../engine/protocol.js';
import { chosenFiles, droppedFiles } from './dropped-files.js';
import { element } from './element.js';
import { createTrainForm, type TrainChoice } from './train-form.js';

/** What {@link createModelPicker} needs. */
export interface ModelPickerOptions {
  /** The model that comes with the page. */
  readonly bundled: ModelChoice;
  readonly onChoose: (model: ModelChoice, device: DeviceChoice) => void;
  readonly onTrain: (choice: TrainChoice, device: DeviceChoice) => void;
  readonly onCancel: () => void;
}

const deviceNames = {
  automatic: 'the best there is',
  webgpu: 'WebGPU',
  cpu: 'the CPU',
} as const satisfies Record<DeviceChoice, string>;

/** Ways to a model: the bundled one, a folder of this machine, a URL, or training one. */
export interface ModelPicker {
  readonly root: HTMLElement;
  /** Shows how far loading is; `undefined` when nothing is being loaded. */
  setProgress(progress: { readonly loadedBytes: number; readonly totalBytes: number } | undefined): void;
}

/** Makes the picker. Folders may be dropped anywhere on the page. */
export function createModelPicker(options: ModelPickerOptions): ModelPicker {
  const { bundled, onChoose, onTrain, onCancel } = options;
  const device = element(
    'select',
    { id: 'model-device' },
    ...Object.entries(deviceNames).map(([value, name]) => element('option', { value }, name)),
  );
  const choose = (model: ModelChoice): void => onChoose(model, device.value as DeviceChoice);
  const folder = element('input', {
    type: 'file',
    id: 'model-folder',
    class: 'visually-hidden',
    webkitdirectory: true,
    multiple: true,
    onchange: () => {
      if (folder.files?.length) choose({ kind: 'files', ...chosenFiles(folder.files) });
      folder.value = '';
    },
  });
  const url = element('input', {
    type: 'url',
    id: 'model-url',
    required: true,
    placeholder: 'https://…/model-folder',
    autocomplete: 'off',
  });
  const ways = element(
    'div',
    { class: 'ways' },
    element(
      'div',
      { class: 'way' },
      element('h3', {}, 'Shakespeare'),
      element(
        'p',
        {},
        'A hybrid of 5 Mamba-2 layers and 1 attention layer, 5 million parameters, 10\u00a0MB.',
      ),
      element(
        'button',
        { type: 'button', class: 'primary', onclick: () => choose(bundled) },
        'Open the bundled model',
      ),
    ),
    element(
      'div',
      { class: 'way' },
      element('h3', {}, 'A folder of yours'),
      element(
        'p',
        {},
        'Drop a checkpoint folder anywhere on this page. It is read in place; nothing is uploaded.',
      ),
      folder,
      element('label', { for: 'model-folder', class: 'button' }, 'Choose a folder'),
    ),
    element(
      'form',
      {
        class: 'way',
        onsubmit: (event: Event) => {
          event.preventDefault();
          choose({ kind: 'url', url: url.value });
        },
      },
      element('h3', {}, 'A URL'),
      element('label', { for: 'model-url' }, 'The folder of a checkpoint on a server that allows it.'),
      url,
      element('button', { type: 'submit' }, 'Open'),
    ),
  );
  const bar = element('progress', { max: 1, 'aria-label': 'Loading the model' });
  const train = createTrainForm((choice) => onTrain(choice, device.value as DeviceChoice));
  const loading = element(
    'div',
    { class: 'loading', hidden: true },
    element('p', {}, 'Loading the model'),
    bar,
    element('button', { type: 'button', onclick: onCancel }, 'Cancel'),
  );
  listenForDrops((transfer) => {
    void droppedFiles(transfer).then((dropped) => {
      if (dropped.files.length > 0) choose({ kind: 'files', ...dropped });
    });
  });
  return {
    root: element(
      'section',
      { class: 'picker', 'aria-labelledby': 'picker-title' },
      element('h2', { id: 'picker-title' }, 'Choose a model'),
      ways,
      element('p', { class: 'run-on' }, element('label', { for: 'model-device' }, 'Run it on'), device),
      train,
      loading,
    ),
    setProgress(progress) {
      ways.inert = progress !== undefined;
      train.inert = progress !== undefined;
      loading.hidden = progress === undefined;
      if (progress && progress.totalBytes > 0) bar.value = progress.loadedBytes / progress.totalBytes;
      else bar.removeAttribute('value');
    },
  };
}

function listenForDrops(onDrop: (transfer: DataTransfer) => void): void {
  const { body } = document;
  const mark = (isOver: boolean) => (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    body.classList.toggle('drop-target', isOver);
  };
  body.addEventListener('dragover', mark(true));
  body.addEventListener('dragleave', mark(false));
  body.addEventListener('drop', (event) => {
    mark(false)(event);
    if (event.dataTransfer?.types.includes('Files')) onDrop(event.dataTransfer);
  });
}
