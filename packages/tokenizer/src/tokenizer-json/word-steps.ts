import { type DecoderStep, indexedStep } from './decoder-step.js';

/** The tidying of huggingface/tokenizers (decoders/wordpiece.rs, `cleanup`), in its order. */
const tidied = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;

/** WordPiece tokens to text: a space before each but the first and those with the prefix of continuation. */
export function wordPieceStep(prefix: string, cleanup: boolean): DecoderStep {
  return indexedStep((token, isFirst) => {
    let text = token;
    if (!isFirst) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    if (cleanup) for (const [from, to] of tidied) text = text.replaceAll(from, to);
    return text;
  });
}

/** Tokens that mark the end of a word: the mark becomes a space, except in the last token, so each waits for the next. */
export function wordSuffixStep(suffix: string): DecoderStep {
  let held: string | undefined;
  return {
    push(token) {
      const before = held;
      held = token;
      return before === undefined ? [] : [before.replaceAll(suffix, ' ')];
    },
    end() {
      const last = held;
      held = undefined;
      return last === undefined ? [] : [last.replaceAll(suffix, '')];
    },
  };
}
