import { HybraError } from '@hybra/spec';
import { isKind, type PickleDict, type PickleValue } from '@hybra/weights';

/** The command line that a model was trained with, as Megatron-LM keeps it in its checkpoints. */
export interface MegatronArgs {
  /** A number, or the fallback where there is none. */
  number(name: string, fallback?: number): number;
  flag(name: string): boolean;
  text(name: string): string | undefined;
}

/** Reads the `args` of a checkpoint: attributes of a Namespace, which is never made. */
export function megatronArgs(value: PickleValue | undefined): MegatronArgs {
  const attributes: PickleDict['entries'] =
    (isKind(value, 'inert')
      ? value.attributes?.entries
      : isKind(value, 'dict')
        ? value.entries
        : undefined) ?? new Map();
  return {
    number(name, fallback) {
      const found = attributes.get(name);
      if (typeof found === 'number' && Number.isFinite(found)) return found;
      if (fallback !== undefined) return fallback;
      throw new HybraError(
        'E_FORMAT',
        `megatron checkpoint: its args have no number ${name}. Expected the args that the model was trained with.`,
        { name },
      );
    },
    flag: (name) => attributes.get(name) === true,
    text(name) {
      const found = attributes.get(name);
      return typeof found === 'string' ? found : undefined;
    },
  };
}
