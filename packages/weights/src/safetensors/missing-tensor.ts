import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { nearNames } from './near-names.js';

/** `E_FORMAT`: a tensor that is not there, with names like it that are. */
export function missingTensor(name: string, names: Iterable<string>, where: string): HybraError {
  const near = nearNames(name, names);
  const hint = near.length > 0 ? ` Did you mean ${near.map(quoteName).join(', ')}?` : '';
  return new HybraError('E_FORMAT', `${where}: there is no tensor ${quoteName(name)}.${hint}`, {
    tensor: name,
    near,
  });
}
