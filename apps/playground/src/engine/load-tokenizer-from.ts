import { HybraError } from '@hybra/spec';
import { loadTokenizer, type Tokenizer, tokenizerFileNames } from '@hybra/tokenizer';
import { type Directory, readOptionalJson, readSmallFile } from '@hybra/weights';

/** The tokenizer in a model's folder. @throws E_FORMAT, E_CONFIG, E_IO; E_CONFIG when there is none */
export async function loadTokenizerFrom(directory: Directory): Promise<Tokenizer> {
  const json = (names: readonly string[]) => firstOf(names, (name) => readOptionalJson(directory, name));
  const bytes = (names: readonly string[]) => firstOf(names, (name) => readSmallFile(directory, name));
  const tokenizerJson = await json(tokenizerFileNames.tokenizerJson);
  const sentencepiece = await bytes(tokenizerFileNames.sentencepiece);
  if (tokenizerJson === undefined && sentencepiece === undefined) {
    const names = [...tokenizerFileNames.tokenizerJson, ...tokenizerFileNames.sentencepiece].join(', ');
    throw new HybraError(
      'E_CONFIG',
      `${directory.name} has no tokenizer (${names}). Add the model's tokenizer to the folder.`,
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
