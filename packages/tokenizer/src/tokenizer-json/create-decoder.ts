import { TokenizerError } from '../error.js';
import {
  arrayAt,
  booleanAt,
  formatError,
  integerAt,
  type JsonObject,
  objectAt,
  stringAt,
} from '../json-value.js';
import { byteFallbackStep } from './byte-fallback-step.js';
import { byteLevelStep } from './byte-level-step.js';
import { chainSteps, type DecoderStep, indexedStep, mapStep, wholeTextStep } from './decoder-step.js';
import { GrowthLimit } from './growth.js';
import { compiledPattern, literalOf, patternAt } from './split-pattern.js';
import { stripFrontStep, stripToken } from './strip-step.js';
import { wordPieceStep, wordSuffixStep } from './word-steps.js';

const longestReplacement = 1024;

/** A checked decoder: makes a fresh chain of steps for each stream. */
type StepFactory = () => DecoderStep;

/** One component of the file. `joins`: from here on there is one text, no longer tokens. */
interface Component {
  readonly create: StepFactory;
  /** Stands in for `create` where the input is one text that arrives in pieces. */
  readonly createOverText?: StepFactory;
  readonly joins?: boolean;
  readonly factor?: number;
}

type Reader = (path: string, config: JsonObject, addedContents: ReadonlySet<string>) => Component;

function characterAt(path: string, value: unknown): string {
  const text = stringAt(path, value, 2);
  if ([...text].length !== 1) throw formatError(path, 'one character', value);
  return text;
}

const readers: Readonly<Record<string, Reader>> = {
  ByteLevel: (_path, _config, addedContents) => ({ create: () => byteLevelStep(addedContents), joins: true }),
  ByteFallback: () => ({ create: byteFallbackStep }),
  Fuse: () => ({
    create: () => mapStep((text) => text),
    createOverText: () => mapStep((text) => text),
    joins: true,
  }),
  Replace: (path, config) => {
    const content = stringAt(`${path}.content`, config.content, longestReplacement);
    const literal = literalOf(`${path}.pattern`, config.pattern);
    const pattern = compiledPattern(path, patternAt(`${path}.pattern`, config.pattern));
    return {
      create: () => mapStep((token) => token.replace(pattern, () => content)),
      factor: literal ? content.length / literal.length : 1 + content.length,
    };
  },
  Strip: (path, config) => {
    const content = characterAt(`${path}.content`, config.content);
    const start = integerAt(`${path}.start`, config.start, 0, 1_000_000);
    const stop = integerAt(`${path}.stop`, config.stop, 0, 1_000_000);
    const create = (): DecoderStep => mapStep((token) => stripToken(token, content, start, stop));
    return stop > 0 ? { create } : { create, createOverText: () => stripFrontStep(content, start) };
  },
  Metaspace: (path, config) => {
    const replacement = characterAt(`${path}.replacement`, config.replacement ?? '\u2581');
    const prefixed = booleanAt(`${path}.add_prefix_space`, config.add_prefix_space, true);
    const scheme = config.prepend_scheme ?? (prefixed ? 'always' : 'never');
    // A first token loses all of them, as in pre_tokenizers/metaspace.rs of huggingface/tokenizers.
    return {
      create: () =>
        indexedStep((token, isFirst) =>
          token.replaceAll(replacement, isFirst && scheme !== 'never' ? '' : ' '),
        ),
    };
  },
  WordPiece: (path, config) => {
    const prefix = stringAt(`${path}.prefix`, config.prefix ?? '##', longestReplacement);
    const cleanup = booleanAt(`${path}.cleanup`, config.cleanup, true);
    return { create: () => wordPieceStep(prefix, cleanup) };
  },
  BPEDecoder: (path, config) => {
    const suffix = stringAt(`${path}.suffix`, config.suffix ?? '</w>', longestReplacement);
    if (suffix === '') throw formatError(`${path}.suffix`, 'a text that is not empty', suffix);
    return { create: () => wordSuffixStep(suffix) };
  },
};

/** The components in order, sequences within sequences laid out flat. */
function flatten(path: string, value: unknown, limit: GrowthLimit, depth: number): [string, JsonObject][] {
  const config = objectAt(path, value);
  if (config.type !== 'Sequence') return [[path, config]];
  limit.count(1, depth);
  return arrayAt(`${path}.decoders`, config.decoders, 200).flatMap((step, index) =>
    flatten(`${path}.decoders[${index}]`, step, limit, depth + 1),
  );
}

/**
 * The decoder of tokenizer.json as streaming steps; without one, tokens are joined by spaces. The library's own
 * decoders take whole lists only, and differ from huggingface/tokenizers in places, so they are not used.
 * @param addedContents texts of the added tokens
 * @returns makes a decoder at the start of a text
 * @throws E_FORMAT, E_CONFIG
 */
export function createDecoder(value: unknown, addedContents: ReadonlySet<string>): StepFactory {
  if (value === undefined || value === null) {
    return () => indexedStep((token, isFirst) => (isFirst ? token : ` ${token}`));
  }
  const limit = new GrowthLimit('tokenizer.json: decoder');
  const factories: StepFactory[] = [];
  let isOneText = false;
  for (const [path, config] of flatten('tokenizer.json: decoder', value, limit, 0)) {
    const type = stringAt(`${path}.type`, config.type);
    if (!Object.hasOwn(readers, type)) {
      throw new TokenizerError('E_CONFIG', `${path}: the decoder ${type} is not supported.`, { path, type });
    }
    const component = readers[type]!(path, config, addedContents);
    limit.count(component.factor ?? 1, 0);
    const { create, createOverText } = component;
    factories.push(isOneText ? (createOverText ?? (() => wholeTextStep(create()))) : create);
    isOneText ||= component.joins === true;
  }
  return () => chainSteps(factories.map((create) => create()));
}
