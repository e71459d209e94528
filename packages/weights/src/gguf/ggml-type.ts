/** A way in which GGUF stores elements: rows of blocks. */
export interface GgmlType {
  readonly name: GgmlTypeName;
  /** Elements of a block; a row is a whole number of blocks. */
  readonly blockSize: number;
  readonly blockBytes: number;
}

/** The types that are read. */
export type GgmlTypeName = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0' | 'q4_k' | 'q6_k';

/** Types by their number in files: the enumeration `ggml_type` of ggml.h. */
const types: ReadonlyMap<number, GgmlType> = new Map([
  [0, { name: 'f32', blockSize: 1, blockBytes: 4 }],
  [1, { name: 'f16', blockSize: 1, blockBytes: 2 }],
  [2, { name: 'q4_0', blockSize: 32, blockBytes: 18 }],
  [8, { name: 'q8_0', blockSize: 32, blockBytes: 34 }],
  [12, { name: 'q4_k', blockSize: 256, blockBytes: 144 }],
  [14, { name: 'q6_k', blockSize: 256, blockBytes: 210 }],
  [30, { name: 'bf16', blockSize: 1, blockBytes: 2 }],
]);

/** Names of the types that are not read, for messages. */
const others: Readonly<Record<number, string>> = {
  3: 'Q4_1',
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  13: 'Q5_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};

/** The type of a number in a file; `undefined` for those that are not read. */
export function ggmlTypeOf(id: number): GgmlType | undefined {
  return types.get(id);
}

/** The type of a name, and its number in files. */
export function ggmlTypeNamed(name: GgmlTypeName): GgmlType & { readonly id: number } {
  for (const [id, type] of types) if (type.name === name) return { ...type, id };
  throw new RangeError(`no type ${name}`);
}

/** What a message calls the type of a number. */
export function describeGgmlType(id: number): string {
  return types.get(id)?.name.toUpperCase() ?? others[id] ?? `type ${id}`;
}

/** Names of the types that are read, for messages. */
export const readableTypes: readonly string[] = Array.from(types.values(), ({ name }) => name.toUpperCase());
