/** A value from a configuration as it may appear in a message: short, on one line. */
export function showValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value))
    return value.length > 4 ? `a list of ${value.length}` : `[${value.map(showValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
