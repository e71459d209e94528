import { Environment, parse, tokenize } from '@huggingface/jinja';
import { TokenizerError } from '../error.js';
import { typedFailure } from '../typed-failure.js';
import { BoundedInterpreter } from './bounded-interpreter.js';

const longestTemplate = 1_048_576;
const longestRange = 10_000;

/** Published templates take a few milliseconds for a long conversation. */
const usualLimitMilliseconds = 10_000;

/** Python's `range`, as a list of bounded length. */
function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= longestRange)) {
    throw new TokenizerError('E_FORMAT', `Chat template: range() gives more than ${longestRange} numbers.`);
  }
  return Array.from({ length }, (_, index) => from + index * step);
}

function raiseException(message: unknown): never {
  throw new TokenizerError('E_CONFIG', `Chat template: refuses these messages: ${String(message)}`, {
    reason: String(message),
  });
}

/** The part of Python's `strftime` that published templates use, in local time and English. */
function formatNow(format: string): string {
  const now = new Date();
  const name = (options: Intl.DateTimeFormatOptions): string => now.toLocaleString('en-US', options);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fields: Readonly<Record<string, () => string>> = {
    '%Y': () => String(now.getFullYear()),
    '%m': () => two(now.getMonth() + 1),
    '%d': () => two(now.getDate()),
    '%H': () => two(now.getHours()),
    '%M': () => two(now.getMinutes()),
    '%S': () => two(now.getSeconds()),
    '%b': () => name({ month: 'short' }),
    '%B': () => name({ month: 'long' }),
    '%a': () => name({ weekday: 'short' }),
    '%A': () => name({ weekday: 'long' }),
    '%%': () => '%',
  };
  return format.replace(/%[a-zA-Z%]/g, (field) => fields[field]?.() ?? field);
}

/** What every template can call and name, as in transformers' own environment. */
const globals: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range: boundedRange,
  raise_exception: raiseException,
  strftime_now: formatNow,
};

/**
 * Renders a Jinja chat template. Globals are set here rather than by the library's `Template`, because its
 * `range` and its loops have no bound and its `raise_exception` throws an untyped error.
 * @throws E_CONFIG when the template calls `raise_exception`; E_FORMAT if it does not parse, fails or runs too long
 */
export function renderTemplate(
  template: string,
  variables: Readonly<Record<string, unknown>>,
  limitMilliseconds = usualLimitMilliseconds,
): string {
  if (template.length > longestTemplate) {
    throw new TokenizerError('E_FORMAT', `Chat template: longer than ${longestTemplate} characters.`);
  }
  return typedFailure('Chat template', () => {
    const program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...variables, ...globals })) environment.set(name, value);
    return String(new BoundedInterpreter(environment, limitMilliseconds).run(program).value);
  });
}
