import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTensorBoardLog } from '../src/index.js';
import { crc32c } from '../src/report/tensorboard/crc32c.js';
import { encodeEvent } from '../src/report/tensorboard/encode-event.js';

const utf8 = new TextEncoder();

/** Fields of a protocol buffer: number → values, bytes where they are delimited. */
function fieldsOf(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const values = fields.get(key >> 3) ?? [];
    fields.set(key >> 3, values);
    switch (key & 7) {
      case 0:
        values.push(varint());
        break;
      case 1:
        values.push(view.getFloat64(at, true));
        at += 8;
        break;
      case 2: {
        const length = varint();
        values.push(bytes.subarray(at, at + length));
        at += length;
        break;
      }
      case 5:
        values.push(view.getFloat32(at, true));
        at += 4;
        break;
      default:
        throw new Error(`wire type ${key & 7}`);
    }
  }
  return fields;
}

/** The records of a file, checksums checked as TensorFlow's reader does. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const unmasked = (at: number): number => {
    const turned = (view.getUint32(at, true) - 0xa282ead8) >>> 0;
    return ((turned >>> 17) | (turned << 15)) >>> 0;
  };
  const records: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(unmasked(at + 8)).toBe(crc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmasked(at + 12 + length)).toBe(crc32c(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

it('has the checksums of RFC 3720, appendix B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(utf8.encode('123456789'))).toBe(0xe3069283);
});

it('writes the first record of every event file as TensorFlow does', () => {
  // wall_time 1.0 and file_version, with lengths and wire types written out by hand.
  const [data] = recordsOf(encodeEvent({ wallTime: 1, fileVersion: 'brain.Event:2' }));
  expect([...data!]).toEqual([9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1a, 13, ...utf8.encode('brain.Event:2')]);
});

it('logs a training that a reader gets back', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'hybra-tensorboard-')), 'made', 'here');
  const log = await openTensorBoardLog(folder);
  const step = { kind: 'step', norm: 2, learningRate: 1e-3, tokens: 1, tokensPerSecond: 5e4 } as const;
  await log.write({ ...step, step: 300, loss: 1.5, secondsLeft: 1, memoryBytes: 1 });
  await log.write({ kind: 'saved', step: 300, path: 'x' });
  await log.write({ kind: 'evaluated', step: 2 ** 33, loss: 1.25, isBest: true });
  const names = await readdir(folder);
  expect(names).toHaveLength(1);
  expect(names[0]).toMatch(/^events\.out\.tfevents\.\d+\./);
  const [version, ...events] = recordsOf(Uint8Array.from(await readFile(join(folder, names[0]!)))).map(
    fieldsOf,
  );
  expect(version!.get(3)).toEqual([utf8.encode('brain.Event:2')]);
  const read = events.map((event) => {
    expect(Math.abs((event.get(1)![0] as number) - Date.now() / 1000)).toBeLessThan(60);
    const values = fieldsOf(event.get(5)![0] as Uint8Array)
      .get(1)!
      .map((each) => fieldsOf(each as Uint8Array));
    const scalars = values.map((each) => [
      new TextDecoder().decode(each.get(1)![0] as Uint8Array),
      each.get(2)![0],
    ]);
    return [event.get(2)![0], Object.fromEntries(scalars)];
  });
  expect(read).toEqual([
    [
      300,
      {
        'loss/training': 1.5,
        'optimizer/learning rate': Math.fround(1e-3),
        'optimizer/gradient norm': 2,
        'speed/tokens per second': 5e4,
      },
    ],
    [2 ** 33, { 'loss/validation': 1.25 }],
  ]);
});
