/** Longest header in bytes; the limit of the reference implementation (safetensors 0.4: `MAX_HEADER_SIZE`). */
export const maximumHeaderBytes = 100_000_000;

/** Longest name of a tensor, in UTF-16 units. Real names have some 100. */
export const maximumNameLength = 4096;

/** Most axes of a tensor; PyTorch's limit. */
export const maximumRank = 64;
