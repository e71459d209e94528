/**
 * Where Shakespeare's plays lie: 1.1 MB of UTF-8 text in the public domain, what the experiments on language learn.
 * A function, so that a bundle for browsers neither fails for want of a place of its own nor carries the text.
 */
export function exampleText(): URL {
  const place = '../data/tinyshakespeare.txt';
  return new URL(place, import.meta.url);
}
