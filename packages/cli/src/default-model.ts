import { modelFolder } from '@hybra/model-shakespeare';

/** The bundled model: what every command uses without `--model`. Replace it here. */
export const defaultModel: { readonly name: string; readonly folder: URL; readonly prompt: string } = {
  name: 'shakespeare-hybrid-5m',
  folder: modelFolder,
  prompt: 'ROMEO:',
};
