/** A file from a header as text (or any value, as JSON) and data bytes, right or wrong. */
export function rawSafetensors(header: unknown, dataBytes = 0, claimedLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimedLength ?? BigInt(json.byteLength), true);
  file.set(json, 8);
  for (let index = 0; index < dataBytes; index++) file[8 + json.byteLength + index] = index;
  return file;
}

/** A small valid checkpoint as a header. */
export const twoTensors = {
  __metadata__: { format: 'pt' },
  'a.weight': { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
  'b.bias': { dtype: 'BF16', shape: [3], data_offsets: [8, 14] },
} as const;
