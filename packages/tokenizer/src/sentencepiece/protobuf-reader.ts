import { TokenizerError } from '../error.js';

/** One field of a protobuf message. Numbers of 64 bits keep their low 53. */
export type ProtobufField =
  | { readonly number: number; readonly kind: 'varint'; readonly value: number }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly number: number; readonly kind: 'float'; readonly value: number }
  | { readonly number: number; readonly kind: 'double'; readonly value: number };

function malformed(offset: number, problem: string): TokenizerError {
  return new TokenizerError('E_FORMAT', `SentencePiece model: ${problem} at byte ${offset}.`, {
    offset,
    problem,
  });
}

/**
 * The fields of one protobuf message in order (encoding: protobuf.dev/programming-guides/encoding). Copies nothing;
 * reads each byte once, so that a malformed file ends in an error and not in a loop. Groups, deprecated since
 * proto2, are refused.
 * @throws E_FORMAT with the offset
 */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;

  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = bytes[offset];
      if (byte === undefined) throw malformed(offset, 'the file ends inside a number');
      offset += 1;
      // Bits above 53 carry no meaning in any field of this format: they are the sign of a negative int32.
      if (index < 7) value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed(offset, 'a number takes more than 10 bytes');
  };

  const take = (length: number): number => {
    const start = offset;
    if (length > bytes.length - offset) throw malformed(offset, `a field of ${length} bytes passes the end`);
    offset += length;
    return start;
  };

  while (offset < bytes.length) {
    const start = offset;
    const key = varint();
    const number = Math.floor(key / 8);
    const wireType = key % 8;
    if (number < 1 || number > 536_870_911) throw malformed(start, `there is no field number ${number}`);
    if (wireType === 0) yield { number, kind: 'varint', value: varint() };
    else if (wireType === 1) yield { number, kind: 'double', value: view.getFloat64(take(8), true) };
    else if (wireType === 2) {
      const length = varint();
      const from = take(length);
      yield { number, kind: 'bytes', value: bytes.subarray(from, from + length) };
    } else if (wireType === 5) yield { number, kind: 'float', value: view.getFloat32(take(4), true) };
    else throw malformed(start, `wire type ${wireType} is not supported`);
  }
}
