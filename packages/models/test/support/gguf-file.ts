import { bytesSource, type Directory, encodeGguf, type GgufField, type GgufToWrite } from '@hybra/weights';
import { type GgufOutputType, ggufContents, ggufDirectory } from '../../src/index.js';

/** A checkpoint as a GGUF file in memory, with changes. */
export async function asGguf(
  checkpoint: Directory,
  type: GgufOutputType,
  change: (file: GgufToWrite) => GgufToWrite | Promise<GgufToWrite> = (file) => file,
): Promise<Directory> {
  const contents = await ggufContents(checkpoint, type);
  const bytes = await encodeGguf(await change(contents));
  await contents.close();
  return ggufDirectory('x.gguf', async () => bytesSource(bytes, 'x.gguf'));
}

/** Changes metadata; `undefined` removes. */
export function metadata(changes: Record<string, GgufField | undefined>): (file: GgufToWrite) => GgufToWrite {
  return (file) => {
    const all = { ...file.metadata, ...changes };
    const kept = Object.entries(all).filter((entry): entry is [string, GgufField] => entry[1] !== undefined);
    return { ...file, metadata: Object.fromEntries(kept) };
  };
}

/** A `u32` field. */
export function u32(value: number): GgufField {
  return { type: 'u32', value };
}
