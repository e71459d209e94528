/*
 * An event of TensorBoard as a record of its file.
 *
 * The file is a row of TFRecords (tensorflow/core/lib/io/record_writer.h): length u64, checksum of the length, data,
 * checksum of the data. The data is a protocol buffer `Event` (tensorflow/core/util/event.proto): wall_time = 1
 * (double), step = 2 (int64), file_version = 3 (string), summary = 5; a `Summary` has `value` = 1, each with
 * tag = 1 (string) and simple_value = 2 (float) (tensorflow/core/framework/summary.proto).
 */
import { joinBytes } from '@hybra/weights';
import { crc32c } from './crc32c.js';

/** One event: the version of the file, which comes first, or numbers at a step. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  /** Numbers by tag, such as `loss/training`. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/** The bytes that an event adds to its file. */
export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  const data = joinBytes([
    field(1, 'double', event.wallTime),
    event.step === undefined ? [] : [...key(2, 0), ...varint(event.step)],
    event.fileVersion === undefined ? [] : delimited(3, utf8(event.fileVersion)),
    event.scalars === undefined
      ? []
      : delimited(5, joinBytes(Object.entries(event.scalars).map(encodeValue))),
  ]);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, data.length, true);
  return joinBytes([length, checksum(length), data, checksum(data)]);
}

function encodeValue([tag, value]: readonly [string, number]): Uint8Array {
  return delimited(1, joinBytes([delimited(1, utf8(tag)), field(2, 'float', value)]));
}

/** CRCs of data that holds CRCs are weak: TFRecord turns and shifts them. */
function checksum(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  return Uint8Array.from([0, 8, 16, 24], (shift) => masked >>> shift);
}

function delimited(number: number, bytes: Uint8Array): Uint8Array {
  return joinBytes([key(number, 2), varint(bytes.length), bytes]);
}

function field(number: number, kind: 'double' | 'float', value: number): Uint8Array {
  const bytes = new Uint8Array(kind === 'double' ? 8 : 4);
  const view = new DataView(bytes.buffer);
  if (kind === 'double') view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  return joinBytes([key(number, kind === 'double' ? 1 : 5), bytes]);
}

function key(number: number, wireType: 0 | 1 | 2 | 5): number[] {
  return varint(number * 8 + wireType);
}

/** @param value an integer from 0 */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
