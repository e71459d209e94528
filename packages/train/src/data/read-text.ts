import { HybraError } from '@hybra/spec';
import { nodeModule } from '../platform/node-module.js';
import { arrayTokens, fileTokens, type TokenSource } from './token-source.js';

/** Turns text into tokens: hybra's tokenizers do, and anything of this shape. */
export interface TextTokenizer {
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  readonly eosIds?: readonly number[];
}

/** Tokens of a file, and where its documents end. */
export interface TokenizedText {
  readonly tokens: TokenSource;
  /** Absent for one running text. */
  readonly documentEnds?: readonly number[];
}

/**
 * Reads training data by its name: `.u16` and `.u32` are tokens as little-endian integers, read in place;
 * `.jsonl` has a `text` per line, each a document; anything else is one UTF-8 text.
 * @throws E_IO; E_FORMAT naming the line that is no object with a text
 */
export async function readTokens(path: string, tokenizer: TextTokenizer): Promise<TokenizedText> {
  if (/\.u(16|32)$/.test(path)) return { tokens: fileTokens(path, path.endsWith('16') ? 'u16' : 'u32') };
  try {
    if (!path.endsWith('.jsonl')) {
      const text = await nodeModule('node:fs/promises', `reading ${path}`).readFile(path, 'utf8');
      return { tokens: arrayTokens(tokenizer.encode(text, { addSpecialTokens: false })) };
    }
    return await readDocuments(path, tokenizer);
  } catch (error) {
    if (HybraError.isInstance(error)) throw error;
    throw new HybraError('E_IO', `${path} cannot be read: ${String(error)}`, { path }, { cause: error });
  }
}

async function readDocuments(path: string, tokenizer: TextTokenizer): Promise<TokenizedText> {
  const { createReadStream } = nodeModule('node:fs', `reading ${path}`);
  const { createInterface } = nodeModule('node:readline', `reading ${path}`);
  const ids: number[] = [];
  const documentEnds: number[] = [];
  const end = tokenizer.eosIds?.[0];
  let line = 0;
  for await (const row of createInterface({ input: createReadStream(path, 'utf8') })) {
    line++;
    if (row.trim() === '') continue;
    for (const id of tokenizer.encode(textOf(row, { path, line }), { addSpecialTokens: false })) ids.push(id);
    if (end !== undefined) ids.push(end);
    documentEnds.push(ids.length);
  }
  return { tokens: arrayTokens(ids), documentEnds };
}

function textOf(row: string, place: { readonly path: string; readonly line: number }): string {
  let value: unknown;
  try {
    value = JSON.parse(row);
  } catch {
    value = undefined;
  }
  const text = typeof value === 'object' && value !== null ? (value as { text?: unknown }).text : undefined;
  if (typeof text === 'string') return text;
  throw new HybraError(
    'E_FORMAT',
    `${place.path}, line ${place.line}: expected a JSON object with a "text" that is a string.`,
    place,
  );
}
