import { HybraError } from '@hybra/spec';
import { loadTokenizer, type Tokenizer, tokenizerFileNames } from '@hybra/tokenizer';
import { type Directory, type ReadFileOptions, readOptionalJson, readSmallFile } from '@hybra/weights';

/**
 * The tokenizer in a model's folder, wherever that is: on a disk, in a browser's file list, behind HTTP.
 * @throws E_CONFIG when there is none; E_FORMAT, E_CONFIG for one that is broken or unknown; E_IO, E_ABORTED
 * @example
 * const tokenizer = await loadTokenizerFrom(httpDirectory('https://example.org/models/tiny'));
 */
export async function loadTokenizerFrom(
  directory: Directory,
  options: Pick<ReadFileOptions, 'signal'> = {},
): Promise<Tokenizer> {
  const json = (names: readonly string[]): Promise<unknown> =>
    firstOf(names, (name) => readOptionalJson(directory, name, options));
  const bytes = (names: readonly string[]): Promise<Uint8Array | undefined> =>
    firstOf(names, (name) => readSmallFile(directory, name, options));
  const tokenizerJson = await json(tokenizerFileNames.tokenizerJson);
  const sentencepiece = await bytes(tokenizerFileNames.sentencepiece);
  if (tokenizerJson === undefined && sentencepiece === undefined) {
    const names = [...tokenizerFileNames.tokenizerJson, ...tokenizerFileNames.sentencepiece].join(', ');
    throw new HybraError(
      'E_CONFIG',
      `${directory.name} has no tokenizer (${names}). Copy the model's tokenizer there: text needs one, forward passes over token ids do not.`,
      { directory: directory.name },
    );
  }
  const template = await bytes(tokenizerFileNames.chatTemplate);
  return loadTokenizer({
    tokenizerJson,
    sentencepiece,
    tokenizerConfig: await json(tokenizerFileNames.tokenizerConfig),
    specialTokensMap: await json(tokenizerFileNames.specialTokensMap),
    generationConfig: await json(tokenizerFileNames.generationConfig),
    chatTemplate: template && new TextDecoder().decode(template),
  });
}

async function firstOf<T>(
  names: readonly string[],
  read: (name: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const name of names) {
    const value = await read(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
