/** A file of a model that is split over several, by its name. */
export interface SplitName {
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** The name of another part. @param number from 1 */
  readonly nameOf: (number: number) => string;
}

/** `model-00002-of-00003.gguf` taken apart, as llama.cpp names the parts; `undefined` for any other name. */
export function splitName(fileName: string): SplitName | undefined {
  const [, prefix, number, count] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(fileName) ?? [];
  if (prefix === undefined || Number(number) < 1 || Number(number) > Number(count)) return undefined;
  const ending = fileName.slice(-'.gguf'.length);
  return {
    number: Number(number),
    count: Number(count),
    nameOf: (other) => `${prefix}-${String(other).padStart(5, '0')}-of-${count}${ending}`,
  };
}
