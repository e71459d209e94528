/** Shakespeare's plays in 1.1 MB of UTF-8 text, in the public domain: what the experiments on language learn. */
export const exampleText: URL = new URL('../data/tinyshakespeare.txt', import.meta.url);
