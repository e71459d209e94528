import { HybraError } from '@hybra/spec';
import { bytesDirectory } from '../src/checkpoint/bytes-directory.js';
import {
  encodeGguf,
  encodeSafetensors,
  isBlockType,
  matrixOfBlocks,
  openCheckpoint,
  openGguf,
  openSafetensors,
  readJson,
} from '../src/index.js';
import { bytesSource } from '../src/sources/bytes-source.js';
import { openTorch } from '../src/torch/open-torch.js';
import { readPickle } from '../src/torch/pickle-machine.js';
import { PickleWriter } from './pickle-writer.js';
import { rawSafetensors, twoTensors } from './raw-safetensors.js';
import { torchFile } from './torch-file.js';

/** A parser, valid inputs to start from, and one try: it throws typed errors for what it refuses. */
export interface FuzzTarget {
  readonly name: string;
  seeds(): Uint8Array[] | Promise<Uint8Array[]>;
  run(bytes: Uint8Array): void | Promise<void>;
}

/** The typed error of `attempt`, if it throws one; anything else it throws is a defect. */
export function refusalOf(attempt: () => unknown): HybraError[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (HybraError.isInstance(error)) return [error];
    throw error;
  }
}

/** Fails a read that nobody checked: longer than what is there. */
function checked(bytes: Uint8Array): ReturnType<typeof bytesSource> {
  const source = bytesSource(bytes, 'fuzzed');
  return {
    ...source,
    read(offset, length, signal) {
      if (!(length <= bytes.byteLength)) throw new RangeError(`unchecked read of ${length} bytes`);
      return source.read(offset, length, signal);
    },
  };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function smallFile(): Uint8Array {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  return encodeSafetensors({
    tensors: [
      { name: 'model.embed.weight', dtype: 'bf16', shape: [2, 2], bytes },
      { name: 'model.norm.weight', dtype: 'f32', shape: [2], bytes },
      { name: 'steps', dtype: 'i64', shape: [], bytes },
      { name: 'empty', dtype: 'f8_e4m3', shape: [0, 7], bytes: new Uint8Array(0) },
    ],
    metadata: { format: 'pt' },
  });
}

/** The parsers of this package, for the fuzzer. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'weights/safetensors-header',
    seeds: () => [
      smallFile(),
      rawSafetensors(twoTensors, 14),
      rawSafetensors('{}  '),
      rawSafetensors(twoTensors, 14, 2n ** 40n),
    ],
    run: async (bytes) => {
      const weights = await openSafetensors(checked(bytes));
      for (const name of weights.entries.keys()) await weights.read(name);
      await weights.close();
    },
  },
  {
    name: 'weights/shard-index',
    seeds: () => [
      text(
        '{"metadata":{"total_size":32},"weight_map":{"model.embed.weight":"a.safetensors","model.norm.weight":"a.safetensors","steps":"a.safetensors","empty":"a.safetensors"}}',
      ),
      text('{"weight_map":{"x":"../a.safetensors","y":"b.safetensors"}}'),
    ],
    run: async (bytes) => {
      const directory = bytesDirectory({
        'model.safetensors.index.json': bytes,
        'a.safetensors': smallFile(),
      });
      const weights = await openCheckpoint(directory);
      for (const name of weights.entries.keys()) await weights.read(name);
      await weights.close();
    },
  },
  {
    name: 'weights/json',
    seeds: () => [
      text(
        '{"model_type":"nemotron_h","hidden_size":256,"time_step_limit":[0.0,Infinity],"eps":1e-05,"layers":["M","*","-"],"rope":null,"tie":true}',
      ),
      text('[-Infinity,NaN,{"__float__":"Infinity"},"\\u20ac\\n\\"",{"__proto__":{"a":[[[]]]}},-0.5E+3]'),
      text(`${'['.repeat(300)}${']'.repeat(300)}`),
    ],
    run: async (bytes) => {
      await readJson(bytesDirectory({ 'config.json': bytes }), 'config.json');
    },
  },
  {
    name: 'weights/gguf',
    seeds: async () => [
      await encodeGguf({
        metadata: {
          'general.architecture': { type: 'string', value: 'mamba' },
          'general.alignment': { type: 'u32', value: 32 },
          'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: ['a', 'b', ''] },
          'tokenizer.ggml.scores': { type: 'array', of: 'f32', value: [0, -1, 2] },
        },
        tensors: [
          { name: 'token_embd.weight', type: 'q4_0', shape: [2, 32], bytes: new Uint8Array(36).fill(9) },
          { name: 'blk.0.ssm_a', type: 'f32', shape: [2, 2], bytes: new Uint8Array(16) },
          { name: 'blk.0.ssm_in.weight', type: 'q6_k', shape: [1, 256], bytes: new Uint8Array(210).fill(3) },
        ],
      }),
    ],
    run: async (bytes) => {
      const file = await openGguf(checked(bytes));
      for (const { name, type } of file.tensors.values()) {
        const blocks = await file.read(name);
        if (isBlockType(type.name)) matrixOfBlocks(type.name, blocks);
      }
      await file.close();
    },
  },
  {
    name: 'weights/torch-archive',
    seeds: () => [smallTorchFile()],
    run: async (bytes) => {
      const weights = await openTorch(checked(bytes));
      for (const name of weights.entries.keys()) await weights.read(name);
      await weights.close();
    },
  },
  {
    // The pickle by itself: mutations of the whole archive mostly hit its directory.
    name: 'weights/pickle',
    seeds: () => [smallPickle(), ...strangePickles()],
    run: (bytes) => {
      // Both modes are tried; the input counts as refused if either refuses it.
      const refusals = [false, true].flatMap((inert) =>
        refusalOf(() => readPickle(bytes, 'fuzzed', { inert })),
      );
      if (refusals.length > 0) throw refusals[0];
    },
  },
];

function smallTorchFile(): Uint8Array {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  return torchFile({
    'backbone.embedding.weight': { shape: [2, 3], bytes, storage: 'shared' },
    'lm_head.weight': { shape: [3, 2], strides: [1, 3], bytes, storage: 'shared' },
    steps: { shape: [1], storageType: 'LongStorage', elementBytes: 8, bytes: new Uint8Array(8) },
  });
}

function smallPickle(): Uint8Array {
  const file = smallTorchFile();
  const start = file.findIndex((byte, index) => byte === 0x80 && file[index + 1] === 2);
  return file.slice(start, file.indexOf(0x2e, start) + 1);
}

/** Pickles with what torch does not write, each a valid one. */
function strangePickles(): Uint8Array[] {
  const called = new PickleWriter().global('os', 'system').tuple(() => undefined);
  const nested = new PickleWriter();
  for (let depth = 0; depth < 200; depth++) nested.raw(0x5d, 0x28);
  return [
    called.reduce().end(),
    nested.raw(...new Array<number>(200).fill(0x65)).end(),
    Uint8Array.of(0x80, 4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0, 0x5d, 0x94, 0x8a, 2, 0xff, 0xff, 0x61, 0x2e),
    Uint8Array.of(0x80, 5, 0x8c, 1, 97, 0x8c, 1, 98, 0x93, 0x29, 0x81, 0x7d, 0x62, 0x2e),
  ];
}
