import { TokenizerError } from '../error.js';
import { arrayAt, booleanAt, integerAt, type JsonObject, objectAt, stringAt } from '../json-value.js';
import { adaptSplit, type SplitBehavior } from './adapt-split.js';
import { GrowthLimit } from './growth.js';
import { literalOf, literalPattern, patternAt, type RegexPattern } from './split-pattern.js';

const behaviors: readonly string[] = [
  'Removed',
  'Isolated',
  'Contiguous',
  'MergedWithPrevious',
  'MergedWithNext',
] satisfies SplitBehavior[];

/** Unicode's punctuation and ASCII's, as huggingface/tokenizers has it (pre_tokenizers/punctuation.rs, `is_punc`). */
const punctuation = '[\\p{P}!-/:-@\\[-`{-~]';

function behaviorAt(path: string, value: unknown, fallback: SplitBehavior): SplitBehavior {
  if (value === undefined || value === null) return fallback;
  const name = stringAt(path, value);
  if (!behaviors.includes(name)) {
    throw new TokenizerError('E_CONFIG', `${path}: ${name} is unknown; there are ${behaviors.join(', ')}.`, {
      path,
    });
  }
  return name as SplitBehavior;
}

/** A split by a class of characters, written so that the library does what the file says. */
function splitByClass(path: string, one: string, behavior: SplitBehavior): JsonObject {
  const run = behavior === 'Contiguous';
  const pattern: RegexPattern = { Regex: run ? `${one}+` : one };
  const rule = { path, pattern, literal: undefined, isInverted: false };
  return adaptSplit({ ...rule, behavior: run ? 'Isolated' : behavior });
}

type Adapter = (path: string, config: JsonObject) => { readonly factor: number; readonly config: JsonObject };

/**
 * How each kind is handed to the library. `Whitespace`, `WhitespaceSplit`, `Digits` and `Punctuation` become splits,
 * because the library's own take U+FEFF for a space, know ASCII's words and digits only, and cut runs of punctuation
 * nowhere (0.2.0; to be dropped when it follows pre_tokenizers/ of huggingface/tokenizers).
 */
const adapters: Readonly<Record<string, Adapter>> = {
  ByteLevel: (path, config) => ({
    factor: 3, // bytes of a UTF-16 unit
    config: {
      type: 'ByteLevel',
      add_prefix_space: booleanAt(`${path}.add_prefix_space`, config.add_prefix_space, true),
      use_regex: booleanAt(`${path}.use_regex`, config.use_regex, true),
    },
  }),
  BertPreTokenizer: () => ({ factor: 1, config: { type: 'BertPreTokenizer' } }),
  WhitespaceSplit: (path) => ({ factor: 1, config: splitByClass(path, '\\s', 'Removed') }),
  Whitespace: (path) => ({
    factor: 1,
    config: adaptSplit({
      path,
      pattern: { Regex: '\\w+|[^\\w\\s]+' },
      literal: undefined,
      behavior: 'Removed',
      isInverted: true,
    }),
  }),
  Digits: (path, config) => {
    const single = booleanAt(`${path}.individual_digits`, config.individual_digits, false);
    return { factor: 1, config: splitByClass(path, '\\p{N}', single ? 'Isolated' : 'Contiguous') };
  },
  Punctuation: (path, config) => {
    const behavior = behaviorAt(`${path}.behavior`, config.behavior, 'Isolated');
    return { factor: 1, config: splitByClass(path, punctuation, behavior) };
  },
  Split: (path, config) => ({
    factor: 1,
    config: adaptSplit({
      path: `${path}.pattern`,
      pattern: patternAt(`${path}.pattern`, config.pattern),
      literal: literalOf(`${path}.pattern`, config.pattern),
      behavior: behaviorAt(`${path}.behavior`, config.behavior, 'Removed'),
      isInverted: booleanAt(`${path}.invert`, config.invert, false),
    }),
  }),
  CharDelimiterSplit: (path, config) => {
    const delimiter = stringAt(`${path}.delimiter`, config.delimiter, 2);
    const pattern = literalPattern(delimiter);
    const rule = { path, pattern, literal: delimiter, isInverted: false };
    return { factor: 1, config: adaptSplit({ ...rule, behavior: 'Removed' }) };
  },
  FixedLength: (path, config) => ({
    factor: 1,
    config: { type: 'FixedLength', length: integerAt(`${path}.length`, config.length, 1, 1_048_576) },
  }),
  Metaspace: (path, config) => ({ factor: 1, config: adaptMetaspace(path, config) }),
};

/**
 * Two differences of the library are made up for here (0.2.0, preTokenizer/Metaspace): it takes the older
 * `add_prefix_space: false` for nothing, and it never splits before the replacement.
 */
function adaptMetaspace(path: string, config: JsonObject): JsonObject {
  const replacement = stringAt(`${path}.replacement`, config.replacement ?? '\u2581', 2);
  if ([...replacement].length !== 1 || replacement === '$') {
    throw new TokenizerError('E_FORMAT', `${path}.replacement: expected one character.`, { path });
  }
  const prefixed = booleanAt(`${path}.add_prefix_space`, config.add_prefix_space, true);
  const scheme = stringAt(`${path}.prepend_scheme`, config.prepend_scheme ?? (prefixed ? 'always' : 'never'));
  if (!['always', 'first', 'never'].includes(scheme)) {
    throw new TokenizerError('E_CONFIG', `${path}.prepend_scheme: ${scheme} is unknown.`, { path, scheme });
  }
  const metaspace = { type: 'Metaspace', replacement, prepend_scheme: scheme };
  if (!booleanAt(`${path}.split`, config.split, true)) return metaspace;
  const rule = { path, pattern: literalPattern(replacement), literal: replacement, isInverted: false };
  return {
    type: 'Sequence',
    pretokenizers: [metaspace, adaptSplit({ ...rule, behavior: 'MergedWithNext' })],
  };
}

function adapt(path: string, value: unknown, depth: number, limit: GrowthLimit): JsonObject {
  const config = objectAt(path, value);
  const type = stringAt(`${path}.type`, config.type);
  if (type === 'Sequence') {
    limit.count(1, depth);
    const steps = arrayAt(`${path}.pretokenizers`, config.pretokenizers, 200);
    return {
      type,
      pretokenizers: steps.map((step, index) =>
        adapt(`${path}.pretokenizers[${index}]`, step, depth + 1, limit),
      ),
    };
  }
  if (!Object.hasOwn(adapters, type)) {
    throw new TokenizerError('E_CONFIG', `${path}: the pre-tokenizer ${type} is not supported.`, {
      path,
      type,
    });
  }
  const adapted = adapters[type]!(path, config);
  limit.count(adapted.factor, depth);
  return adapted.config;
}

/**
 * The pre-tokenizer of tokenizer.json, checked and in the form in which the library does what the file says.
 * @returns null for none
 * @throws E_FORMAT, E_CONFIG
 */
export function adaptPreTokenizer(value: unknown): JsonObject | null {
  if (value === undefined || value === null) return null;
  const path = 'tokenizer.json: pre_tokenizer';
  return adapt(path, value, 0, new GrowthLimit(path));
}
