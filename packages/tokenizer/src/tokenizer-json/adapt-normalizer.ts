import { TokenizerError } from '../error.js';
import { arrayAt, booleanAt, type JsonObject, objectAt, stringAt } from '../json-value.js';
import { GrowthLimit } from './growth.js';
import { literalOf, patternAt } from './split-pattern.js';

const longestReplacement = 1024;

/** How many times as long each form can make a text: U+FDFA has 18 letters; a lone letter lowers to at most 3. */
const plainNormalizers: Readonly<Record<string, number>> = {
  NFC: 3,
  NFD: 4,
  NFKC: 18,
  NFKD: 18,
  Precompiled: 18,
  Lowercase: 3,
  StripAccents: 1,
};

function adapt(path: string, value: unknown, depth: number, limit: GrowthLimit): JsonObject {
  const config = objectAt(path, value);
  const type = stringAt(`${path}.type`, config.type);
  if (type === 'Sequence') {
    limit.count(1, depth);
    const steps = arrayAt(`${path}.normalizers`, config.normalizers, 200);
    return {
      type,
      normalizers: steps.map((step, index) => adapt(`${path}.normalizers[${index}]`, step, depth + 1, limit)),
    };
  }
  const factor = Object.hasOwn(plainNormalizers, type) ? plainNormalizers[type] : undefined;
  if (factor !== undefined) {
    limit.count(type.startsWith('NF') ? 1 : factor, depth);
    return { type };
  }
  if (type === 'Replace') {
    const content = stringAt(`${path}.content`, config.content, longestReplacement);
    const literal = literalOf(`${path}.pattern`, config.pattern);
    // An expression, or an empty text, can match between any two characters.
    limit.count(literal ? content.length / literal.length : 1 + content.length, depth);
    // The library hands the content to `replaceAll`, where `$` is special; in the file it is not
    // (0.2.0, normalizer/Replace; to be dropped when it passes a function).
    return {
      type,
      pattern: patternAt(`${path}.pattern`, config.pattern),
      content: content.replaceAll('$', '$$$$'),
    };
  }
  if (type === 'Prepend') {
    limit.count(1, depth);
    return { type, prepend: stringAt(`${path}.prepend`, config.prepend, longestReplacement) };
  }
  if (type === 'Strip') {
    limit.count(1, depth);
    return {
      type,
      strip_left: booleanAt(`${path}.strip_left`, config.strip_left, true),
      strip_right: booleanAt(`${path}.strip_right`, config.strip_right, true),
    };
  }
  if (type === 'BertNormalizer') {
    limit.count(3, depth);
    const flag = (name: string): boolean => booleanAt(`${path}.${name}`, config[name], true);
    const accents = config.strip_accents;
    return {
      type,
      clean_text: flag('clean_text'),
      handle_chinese_chars: flag('handle_chinese_chars'),
      lowercase: flag('lowercase'),
      strip_accents: accents === null || accents === undefined ? null : flag('strip_accents'),
    };
  }
  throw new TokenizerError('E_CONFIG', `${path}: the normalizer ${type} is not supported.`, { path, type });
}

/**
 * The normalizer of tokenizer.json, checked and in the form in which the library does what the file says.
 * @returns null for none
 * @throws E_FORMAT, E_CONFIG
 */
export function adaptNormalizer(value: unknown): JsonObject | null {
  if (value === undefined || value === null) return null;
  const path = 'tokenizer.json: normalizer';
  return adapt(path, value, 0, new GrowthLimit(path));
}
