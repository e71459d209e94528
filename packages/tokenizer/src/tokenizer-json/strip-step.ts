import type { DecoderStep } from './decoder-step.js';

/** Cuts up to `start` characters `content` off the front of each token and up to `stop` off its end. */
export function stripToken(token: string, content: string, start: number, stop: number): string {
  let from = 0;
  while (from < start && token.startsWith(content, from * content.length)) from += 1;
  let to = 0;
  let text = token.slice(from * content.length);
  while (to < stop && text.endsWith(content)) {
    text = text.slice(0, -content.length);
    to += 1;
  }
  return text;
}

/** Cuts up to `start` characters `content` off the front of one text that arrives in pieces. */
export function stripFrontStep(content: string, start: number): DecoderStep {
  let left = start;
  return {
    push(piece) {
      let text = piece;
      while (left > 0 && text !== '') {
        if (text.startsWith(content)) {
          text = text.slice(content.length);
          left -= 1;
        } else left = 0;
      }
      return [text];
    },
    end() {
      left = start;
      return [];
    },
  };
}
