/**
 * Largest token id that files may name. Real vocabularies stay below 300 thousand; the bound keeps a malformed id
 * from sizing an array.
 */
export const largestTokenId = 4_194_303;

/** Longest text of one token, in UTF-16 units. Real ones stay below 1024. */
export const longestToken = 16_384;
