const marker = Symbol.for('hybra.error');

/**
 * Whether a parser refused its input as it should: with an error that programs can recognise, by the symbol
 * of HybraError or by a string `code` that begins with `E_`.
 */
export function isTypedError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const facts = error as Error & { code?: unknown; [marker]?: unknown };
  return facts[marker] === true || (typeof facts.code === 'string' && facts.code.startsWith('E_'));
}
