import type { TokenizerSettings } from './assemble-tokenizer.js';
import { formatError, integerAt, isJsonObject, objectAt } from './json-value.js';
import { largestTokenId } from './limits.js';
import type { TokenCodec } from './token-codec.js';

/** The files beside the vocabulary, parsed but unchecked. */
export interface SideFiles {
  readonly tokenizerConfig?: unknown;
  readonly specialTokensMap?: unknown;
  readonly generationConfig?: unknown;
}

/** A special token is a string or `{ content: string, … }`; null where the model has none. */
function tokenText(path: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const content = isJsonObject(value) ? value.content : value;
  if (typeof content !== 'string')
    throw formatError(path, 'a token: a string or an object with content', value);
  return content;
}

/** Every `…_token` of the two files, the configuration winning. */
function namedTokens(files: SideFiles): Record<string, string> {
  const named: Record<string, string> = {};
  const sources = [
    ['special_tokens_map.json', files.specialTokensMap],
    ['tokenizer_config.json', files.tokenizerConfig],
  ] as const;
  for (const [name, file] of sources) {
    if (file === undefined) continue;
    for (const [key, value] of Object.entries(objectAt(name, file))) {
      if (!/^[a-z]+_token$/.test(key)) continue;
      // `add_bos_token: true` and the like are switches, not tokens.
      if (typeof value === 'boolean') continue;
      const text = tokenText(`${name}: ${key}`, value);
      if (text !== undefined) named[key] = text;
    }
  }
  return named;
}

/** `eos_token_id` and `bos_token_id` are a number, a list of numbers, or null. */
function idsAt(path: string, value: unknown): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const ids = Array.isArray(value) ? value : [value];
  return ids.map((id: unknown) => integerAt(path, id, 0, largestTokenId));
}

/**
 * Tokens of beginning and end, and the texts that chat templates may name. The generation configuration names the
 * ids that end a text, where it is given (as transformers' `generate` has it); otherwise the tokenizer's own
 * `eos_token` does.
 * @throws E_FORMAT
 */
export function readSpecialTokenSettings(
  files: SideFiles,
  codec: TokenCodec,
): Pick<TokenizerSettings, 'bosId' | 'eosIds' | 'templateTokens'> {
  const templateTokens = namedTokens(files);
  const generation =
    files.generationConfig === undefined ? {} : objectAt('generation_config.json', files.generationConfig);
  const idOf = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : codec.idOf(text);
  const eosId = idOf(templateTokens.eos_token) ?? codec.eosId;
  return {
    templateTokens,
    bosId:
      idOf(templateTokens.bos_token) ??
      codec.bosId ??
      idsAt('generation_config.json: bos_token_id', generation.bos_token_id)?.[0],
    eosIds:
      idsAt('generation_config.json: eos_token_id', generation.eos_token_id) ??
      (eosId === undefined ? [] : [eosId]),
  };
}
