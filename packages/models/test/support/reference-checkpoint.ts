import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { elementCount } from '@hybra/spec';
import { bytesDirectory, castElements, type Directory, encodeSafetensors } from '@hybra/weights';
import { torchFile } from '../../../weights/test/torch-file.js';

const fixtures = fileURLToPath(new URL('../reference/fixtures/', import.meta.url));

/** The tiny checkpoints of many configurations, by name. */
export const referenceNames: readonly string[] = readdirSync(fixtures)
  .sort()
  .map((file) => file.replace('.json.gz', ''));

/** Dtype, shape, a and b of a tensor a + b u, and the name that u is a hash of, if not its own. */
type Made = readonly ['f32' | 'bf16', readonly number[], number, number, string?];

interface Packed {
  /** The text of `config.json`. */
  readonly config: string;
  /** `golden.safetensors` in base64. */
  readonly golden: string;
  readonly format: 'single' | 'shards' | 'bin' | 'bin-shards';
  readonly tensors: Readonly<Record<string, Made>>;
}

interface MadeTensor {
  readonly name: string;
  readonly dtype: 'f32' | 'bf16';
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A checkpoint with its golden file: weights are made, not kept. */
export function referenceCheckpoint(name: string): Directory {
  const packed = gunzipSync(readFileSync(`${fixtures}${name}.json.gz`)).toString();
  const { config, golden, format, tensors } = JSON.parse(packed) as Packed;
  const made = Object.entries(tensors).map(([own, tensor]) => makeTensor(own, tensor));
  const isTorch = format.startsWith('bin');
  const [stem, ending] = isTorch ? ['pytorch_model', 'bin'] : ['model', 'safetensors'];
  const encode = isTorch
    ? torchBytes
    : (part: readonly MadeTensor[]) => encodeSafetensors({ tensors: part, metadata: {} });
  const files: Record<string, Uint8Array> = {
    'config.json': new TextEncoder().encode(config),
    'golden.safetensors': new Uint8Array(Buffer.from(golden, 'base64')),
  };
  if (format === 'single' || format === 'bin') files[`${stem}.${ending}`] = encode(made);
  else {
    const weight_map: Record<string, string> = {};
    for (const part of [0, 1]) {
      const own = made.filter((_, index) => index % 2 === part);
      const shard = `${stem}-0000${part + 1}-of-00002.${ending}`;
      files[shard] = encode(own);
      for (const tensor of own) weight_map[tensor.name] = shard;
    }
    const index = { metadata: { total_size: 1 }, weight_map };
    files[`${stem}.${ending}.index.json`] = new TextEncoder().encode(JSON.stringify(index));
  }
  return bytesDirectory(files, name);
}

function makeTensor(name: string, [dtype, shape, a, b, source = name]: Made): MadeTensor {
  const values = hashed(source, elementCount(shape)).map((u) => a + b * u);
  const rounded = castElements(new Uint8Array(Float32Array.from(values).buffer), 'f32', 'bf16');
  return { name, dtype, shape, bytes: dtype === 'bf16' ? rounded : castElements(rounded, 'bf16', 'f32') };
}

/** Numbers in [−1, 1): a hash (FNV-1a of the name, then the finalizer of MurmurHash3) of each index. */
function hashed(name: string, count: number): Float64Array {
  let seed = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x0100_0193);
  return Float64Array.from({ length: count }, (_, index) => {
    let x = (seed + Math.imul(index, 0x9e37_79b1)) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

function torchBytes(tensors: readonly MadeTensor[]): Uint8Array {
  const value = tensors.map(({ name, dtype, shape, bytes }) => {
    const storage = dtype === 'bf16' ? { storageType: 'BFloat16Storage', elementBytes: 2 } : {};
    return [name, { shape, bytes, ...storage }] as const;
  });
  return torchFile(Object.fromEntries(value));
}
