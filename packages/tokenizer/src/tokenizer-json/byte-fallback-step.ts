import { BytePieceDecoder } from '../streaming/byte-piece-decoder.js';
import type { DecoderStep } from './decoder-step.js';

/**
 * Runs of byte tokens (`<0xF0>`) to text, each run a part for the next step.
 *
 * A run with a malformed part differs from huggingface/tokenizers, which writes U+FFFD for every byte of the run:
 * here, as in SentencePiece, whole characters stay, because they are given before the run ends.
 */
export function byteFallbackStep(): DecoderStep {
  const decoder = new BytePieceDecoder();
  const nonEmpty = (text: string): string[] => (text === '' ? [] : [text]);
  return {
    push(token) {
      if (!/^<0x[0-9A-Fa-f]{2}>$/.test(token)) return [...nonEmpty(decoder.end()), token];
      return nonEmpty(decoder.push(Number.parseInt(token.slice(3, 5), 16)));
    },
    end: () => nonEmpty(decoder.end()),
  };
}
