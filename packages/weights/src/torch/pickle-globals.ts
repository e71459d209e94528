import type { PickleCursor } from './pickle-cursor.js';
import { isKind, type PickleValue } from './pickle-values.js';
import { rebuildTensor } from './rebuild-tensor.js';
import { isStorageName } from './torch-storage.js';

const rebuild = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';
const orderedDict = 'collections.OrderedDict';
/** Calls that make something of their arguments; nothing else is ever called. */
const callable: readonly string[] = [rebuild, rebuildParameter, orderedDict];
const dtypeName =
  /^torch\.(float(16|32|64)|bfloat16|u?int(8|16|32|64)|bool|half|float|double|long|short|int)$/;

/** A name that a pickle refers to. @throws E_FORMAT unless it is one that tensors are made with */
export function knownGlobal(
  name: string,
  options: { readonly inert: boolean; readonly cursor: PickleCursor },
): PickleValue {
  if (callable.includes(name) || isStorageName(name) || dtypeName.test(name)) return { kind: 'global', name };
  if (options.inert) return { kind: 'inert', name, attributes: undefined };
  throw options.cursor.error(
    `refers to ${JSON.stringify(name.slice(0, 80))}`,
    'nothing but tensors: a file that asks for other code is not opened. Convert it to safetensors where you trust it',
  );
}

/** What a call makes: a tensor, an empty dict, or of an inert callee something inert. @throws E_FORMAT */
export function callGlobal(callee: PickleValue, args: PickleValue, cursor: PickleCursor): PickleValue {
  if (isKind(callee, 'inert')) return { kind: 'inert', name: callee.name, attributes: undefined };
  if (!isKind(callee, 'global') || !isKind(args, 'tuple')) throw cursor.error('calls what is no function');
  switch (callee.name) {
    case orderedDict:
      if (args.items.length > 0) throw cursor.error('makes an OrderedDict of something');
      return { kind: 'dict', entries: new Map() };
    case rebuild:
      return rebuildTensor(args.items, cursor);
    case rebuildParameter: {
      const [data] = args.items;
      if (!isKind(data, 'tensor')) throw cursor.error('makes a parameter of what is no tensor');
      return data;
    }
    default:
      throw cursor.error(`calls ${callee.name}`);
  }
}
