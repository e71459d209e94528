import { describe, expect, it } from 'vitest';
import { PickleWriter } from '../../test/pickle-writer.js';
import { torchFile } from '../../test/torch-file.js';
import { zipOf } from '../../test/zip-of.js';
import { bytesDirectory } from '../checkpoint/bytes-directory.js';
import { openCheckpoint } from '../checkpoint/open-checkpoint.js';
import { bytesSource } from '../sources/bytes-source.js';
import { openTorch } from './open-torch.js';

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const open = (bytes: Uint8Array) => openTorch(bytesSource(bytes, 'weights.bin'));
const archive = (pickle: Uint8Array) => zipOf({ 'a/data.pkl': pickle, 'a/data/0': floats(1, 2, 3, 4) });

/** A pickle of one dict entry, whose value `write` makes. */
function entry(write: (pickle: PickleWriter) => void): Uint8Array {
  const pickle = new PickleWriter();
  pickle.dict(() => {
    pickle.string('w');
    write(pickle);
  });
  return archive(pickle.end());
}

/** What torch writes for a tensor, with numbers of one's own. */
function tensorOf(options: {
  shape: number[];
  strides: number[];
  offset?: number;
  length?: number;
  storage?: string;
}) {
  return (pickle: PickleWriter): void => {
    pickle
      .global('torch._utils', '_rebuild_tensor_v2')
      .tuple(() => {
        pickle.tuple(() => {
          pickle
            .string('storage')
            .global('torch', options.storage ?? 'FloatStorage')
            .string('0');
          pickle.string('cpu').integer(options.length ?? 4);
        });
        pickle.raw(0x51).integer(options.offset ?? 0);
        pickle.integers(options.shape).integers(options.strides).boolean(false).none();
      })
      .reduce();
  };
}

describe('openTorch', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['no archive', new Uint8Array(40), /is no zip archive/],
    ['an empty file', new Uint8Array(0), /is no zip archive/],
    ['an archive without a pickle', zipOf({ 'a/b': floats(1) }), /has no data.pkl/],
    ['a compressed file', zipOf({ 'a/data.pkl': floats(1) }, { method: 8 }), /compressed \(method 8\)/],
    ['a list', archive(new PickleWriter().raw(0x5d).end()), /holds no dict/],
    ['a number', entry((pickle) => pickle.integer(7)), /"w" is no tensor/],
    ['an empty pickle', archive(new Uint8Array(0)), /is cut off/],
    ['an operation that is not read', archive(new PickleWriter().raw(0x69).end()), /the operation 0x69/],
    ['protocol 9', archive(Uint8Array.of(0x80, 9, 0x2e)), /protocol above 5/],
    ['a stack that is empty', archive(Uint8Array.of(0x80, 2, 0x2e)), /empty stack/],
    ['a mark that is not there', archive(Uint8Array.of(0x80, 2, 0x74, 0x2e)), /mark that is not there/],
    ['a memory that is empty', archive(Uint8Array.of(0x80, 2, 0x68, 1, 0x2e)), /never remembered/],
    ['a shape outside', entry(tensorOf({ shape: [2, 3], strides: [3, 1] })), /\[2, 3\] that does not fit/],
    ['an offset outside', entry(tensorOf({ shape: [4], strides: [1], offset: 1 })), /does not fit/],
    ['repetition by stride 0', entry(tensorOf({ shape: [1e9], strides: [0] })), /does not fit/],
    ['a negative stride', entry(tensorOf({ shape: [4], strides: [-1] })), /shape that is none/],
    ['strides missing', entry(tensorOf({ shape: [2, 2], strides: [1] })), /axes without strides/],
    [
      'another storage',
      entry(tensorOf({ shape: [1], strides: [1], storage: 'ComplexFloatStorage' })),
      /refers to "torch.ComplexFloatStorage"/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await open(bytes).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'E_FORMAT', message: expect.stringMatching(message) });
  });

  it.each([
    ['os', 'system'],
    ['builtins', 'eval'],
    ['torch', 'load'],
    ['torch._utils', '_rebuild_tensor'],
    ['__main__', 'Model'],
    ['constructor', 'constructor'],
    ['__proto__', 'polluted'],
  ])('refuses to call %s.%s', async (module, name) => {
    const bytes = entry((pickle) =>
      pickle
        .global(module, name)
        .tuple(() => pickle.string('touch /tmp/x'))
        .reduce(),
    );
    await expect(open(bytes)).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringContaining(`${module}.${name}`),
    });
  });

  it('refuses a storage whose file is shorter than it says, when it is read', async () => {
    const weights = await open(entry(tensorOf({ shape: [5], strides: [1], length: 5 })));
    await expect(weights.read('w')).rejects.toThrow(/has 16 bytes. Expected 20/);
  });

  it('reads tensors that are windows on one storage', async () => {
    const bytes = floats(0, 1, 2, 3, 4, 5);
    const weights = await open(
      torchFile({
        whole: { shape: [2, 3], bytes, storage: 's' },
        transposed: { shape: [3, 2], strides: [1, 3], bytes, storage: 's' },
        part: { shape: [2], offset: 4, bytes, storage: 's' },
        column: { shape: [2, 1], strides: [3, 7], offset: 1, bytes, storage: 's' },
        none: { shape: [0, 4], bytes, storage: 's' },
      }),
    );
    const read = async (name: string) => [...new Float32Array((await weights.read(name)).buffer)];
    expect(await read('whole')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await read('transposed')).toEqual([0, 3, 1, 4, 2, 5]);
    expect(await read('part')).toEqual([4, 5]);
    expect(await read('column')).toEqual([1, 4]);
    expect(await read('none')).toEqual([]);
    await weights.close();
    await expect(weights.read('whole')).rejects.toMatchObject({ code: 'E_DISPOSED' });
  });

  it('knows the dtypes of torch', async () => {
    const weights = await open(
      torchFile({
        half: { shape: [2], storageType: 'HalfStorage', elementBytes: 2, bytes: new Uint8Array(4) },
        brain: { shape: [1], storageType: 'BFloat16Storage', elementBytes: 2, bytes: new Uint8Array(2) },
        long: { shape: [1], storageType: 'LongStorage', elementBytes: 8, bytes: new Uint8Array(8) },
        double: { shape: [], storageType: 'DoubleStorage', elementBytes: 8, bytes: new Uint8Array(8) },
      }),
    );
    expect([...weights.entries.values()].map(({ dtype, byteLength }) => [dtype, byteLength])).toEqual([
      ['f16', 4],
      ['bf16', 2],
      ['i64', 8],
      ['f64', 8],
    ]);
  });

  it('is what openCheckpoint finds without safetensors, in one file or in shards', async () => {
    const [a, b] = [
      torchFile({ a: { shape: [1], bytes: floats(1) } }),
      torchFile({ b: { shape: [1], bytes: floats(2) } }),
    ];
    const single = await openCheckpoint(bytesDirectory({ 'pytorch_model.bin': a }));
    expect([...single.entries.keys()]).toEqual(['a']);
    const index = { weight_map: { a: 'pytorch_model-1.bin', b: 'pytorch_model-2.bin' } };
    const sharded = await openCheckpoint(
      bytesDirectory({
        'pytorch_model.bin.index.json': new TextEncoder().encode(JSON.stringify(index)),
        'pytorch_model-1.bin': a,
        'pytorch_model-2.bin': b,
      }),
    );
    expect([...sharded.entries.keys()]).toEqual(['a', 'b']);
    expect([...new Float32Array((await sharded.read('b')).buffer)]).toEqual([2]);
  });
});
