import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BytePieceDecoder } from './byte-piece-decoder.js';

function decode(bytes: Iterable<number>): { parts: string[]; text: string } {
  const decoder = new BytePieceDecoder();
  const parts = [...bytes].map((byte) => decoder.push(byte));
  parts.push(decoder.end());
  return { parts, text: parts.join('') };
}

/** SentencePiece's rule, written the slow way: the shortest valid character from here, or one byte as U+FFFD. */
function slowly(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; ) {
    let used = 1;
    let found = '\ufffd';
    for (let length = 1; length <= 4 && start + length <= bytes.length; length++) {
      try {
        const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
        found = decoder.decode(bytes.subarray(start, start + length));
        used = length;
        break;
      } catch {
        // not a character of this length
      }
    }
    text += found;
    start += used;
  }
  return text;
}

test('whole characters only, one U+FFFD for each stray byte', () => {
  expect(decode([0xe2, 0x82, 0xac]).parts).toEqual(['', '', '€', '']);
  expect(decode([0xe2, 0x82]).text).toBe('\ufffd\ufffd');
  expect(decode([0xf0, 0x9f, 0x41]).parts).toEqual(['', '', '\ufffd\ufffdA', '']);
  expect(decode([0xed, 0xa0, 0x80]).text).toBe('\ufffd\ufffd\ufffd'); // a surrogate
  expect(decode([0xc0, 0x80]).text).toBe('\ufffd\ufffd'); // a long form
});

test('any bytes', () => {
  const lively = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => new TextEncoder().encode(text)),
    fc.constantFrom(Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0xed), Uint8Array.of(0xf4, 0x90)),
  );
  fc.assert(
    fc.property(fc.array(lively, { maxLength: 5 }), (runs) => {
      const bytes = Uint8Array.from(runs.flatMap((run) => [...run]));
      expect(decode(bytes).text).toBe(slowly(bytes));
    }),
    { numRuns: 500 },
  );
});
