/** A `config.json` as bytes; infinities as transformers 5 tags them, since JSON has none. */
export function encodeConfig(config: Readonly<Record<string, unknown>>): Uint8Array {
  const text = JSON.stringify(
    config,
    (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? { __float__: String(value) } : value,
    2,
  );
  return new TextEncoder().encode(`${text}\n`);
}
