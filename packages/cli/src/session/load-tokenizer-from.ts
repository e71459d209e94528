import { HybraError } from '@hybra/spec';
import { loadTokenizer, type Tokenizer, tokenizerFileNames } from '@hybra/tokenizer';
import { type Directory, readOptionalJson, readSmallFile } from '@hybra/weights';

/** The tokenizer in a model's folder. @throws E_FORMAT, E_CONFIG, E_IO; E_CONFIG when there is none */
export async function loadTokenizerFrom(directory: Directory): Promise<Tokenizer> {
  const json = async (names: readonly string[]): Promise<unknown> => {
    for (const name of names) {
      const value = await readOptionalJson(directory, name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const bytes = async (names: readonly string[]): Promise<Uint8Array | undefined> => {
    for (const name of names) {
      const value = await readSmallFile(directory, name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const tokenizerJson = await json(tokenizerFileNames.tokenizerJson);
  const sentencepiece = await bytes(tokenizerFileNames.sentencepiece);
  if (tokenizerJson === undefined && sentencepiece === undefined) {
    const names = [...tokenizerFileNames.tokenizerJson, ...tokenizerFileNames.sentencepiece];
    throw new HybraError(
      'E_CONFIG',
      `${directory.name} has no tokenizer (${names.join(', ')}). Copy the model's tokenizer there: text needs one, verify and inspect do not.`,
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
