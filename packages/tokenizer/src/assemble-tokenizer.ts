import { chooseChatTemplate } from './chat/chat-templates.js';
import { renderTemplate } from './chat/render-template.js';
import { TokenizerError } from './error.js';
import type { TokenCodec } from './token-codec.js';
import type { TextStream, Tokenizer } from './tokenizer.js';

/** What files beside the vocabulary say. */
export interface TokenizerSettings {
  readonly bosId?: number | undefined;
  readonly eosIds?: readonly number[] | undefined;
  /** Named texts for chat templates: `bos_token`, `eos_token`, … */
  readonly templateTokens?: Readonly<Record<string, string>>;
  readonly chatTemplates?: ReadonlyMap<string, string>;
}

function checkId(id: number): void {
  if (!Number.isInteger(id) || id < 0) {
    throw new TokenizerError(
      'E_ARGUMENT',
      `decode: expected ids that are non-negative integers, got ${id}.`,
      {
        argument: 'ids',
        got: id,
      },
    );
  }
}

function checkedStream(stream: TextStream): TextStream {
  return {
    push(id) {
      checkId(id);
      return stream.push(id);
    },
    end: () => stream.end(),
  };
}

/** Makes a `Tokenizer` of a codec. `decode` is the stream run to its end, so that the two cannot differ. */
export function assembleTokenizer(codec: TokenCodec, settings: TokenizerSettings): Tokenizer {
  const { bosId = codec.bosId, chatTemplates = new Map<string, string>() } = settings;
  const eosIds = settings.eosIds ?? (codec.eosId === undefined ? [] : [codec.eosId]);
  return Object.freeze<Tokenizer>({
    vocabularySize: codec.vocabularySize,
    specialTokens: codec.specialTokens,
    bosId,
    eosIds: Object.freeze([...eosIds]),
    hasChatTemplate: chatTemplates.size > 0,
    idOf: (token) => codec.idOf(token),
    tokenOf: (id) => codec.tokenOf(id),

    encode(text, { addSpecialTokens = true, parseSpecialTokens } = {}) {
      if (typeof text !== 'string') {
        throw new TokenizerError('E_ARGUMENT', `encode: expected a string, got ${typeof text}.`);
      }
      const wellFormed = text.replace(/\p{Surrogate}/gu, '\uFFFD'); // lone surrogates only, under the flag u
      return codec.encode(wellFormed, { addSpecialTokens, parseSpecialTokens });
    },

    decode(ids, { skipSpecialTokens = false } = {}) {
      const stream = codec.stream(skipSpecialTokens);
      const parts: string[] = [];
      for (const id of ids) {
        checkId(id);
        parts.push(stream.push(id));
      }
      parts.push(stream.end());
      return parts.join('');
    },

    stream({ skipSpecialTokens = false } = {}) {
      return checkedStream(codec.stream(skipSpecialTokens));
    },

    applyChatTemplate(messages, { addGenerationPrompt = false, tools, template, variables } = {}) {
      const source = chooseChatTemplate(chatTemplates, template, tools !== undefined);
      const named: Record<string, string> = { ...settings.templateTokens };
      if (bosId !== undefined) named.bos_token ??= codec.tokenOf(bosId) ?? '';
      if (eosIds[0] !== undefined) named.eos_token ??= codec.tokenOf(eosIds[0]) ?? '';
      return renderTemplate(source, {
        ...named,
        ...variables,
        messages,
        tools: tools ?? null,
        add_generation_prompt: addGenerationPrompt,
      });
    },
  });
}
