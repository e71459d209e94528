const named: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/**
 * A number as configurations spell it: a JSON number, a bare `Infinity` that the JSON reader let through, the
 * string `"Infinity"`, or the tag `{"__float__": "Infinity"}` of transformers 5.
 * @returns `undefined` if it is none of these, and for NaN
 */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  if (typeof value === 'string') return Object.hasOwn(named, value) ? named[value] : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length !== 1 || keys[0] !== '__float__') return undefined;
  const tagged = (value as { readonly __float__: unknown }).__float__;
  return typeof tagged === 'string' && Object.hasOwn(named, tagged) ? named[tagged] : undefined;
}
