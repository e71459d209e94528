import type { Connection } from './connection.js';
import { finalFailure, transientFailure } from './http-failure.js';
import type { HttpResource } from './http-options.js';

/** Where a body goes. `received` counts on as bytes arrive, so that a cut body can be resumed. */
export interface BodyTarget {
  readonly bytes: Uint8Array;
  received: number;
}

/**
 * Fills `target.bytes` from a body, from `target.received` up to `end`.
 * @throws E_IO: final if the body is longer than the server said, transient if it is shorter
 */
export async function readBody(
  resource: HttpResource,
  connection: Connection,
  target: BodyTarget,
  end: number,
): Promise<void> {
  for (let piece = await connection.next(); piece !== undefined; piece = await connection.next()) {
    if (target.received + piece.byteLength > end) {
      throw finalFailure(
        resource,
        'the server sends more bytes than its headers say. Expected exactly the range asked for: use another server.',
      );
    }
    target.bytes.set(piece, target.received);
    target.received += piece.byteLength;
  }
  if (target.received < end) {
    throw transientFailure(resource, `the body ends ${end - target.received} bytes early.`);
  }
}

/**
 * A whole body of unknown length, gathered piece by piece.
 * @throws E_IO: final beyond `limit` bytes
 */
export async function readWholeBody(
  resource: HttpResource,
  connection: Connection,
  tooLarge: (atLeast: number) => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece = await connection.next(); piece !== undefined; piece = await connection.next()) {
    length += piece.byteLength;
    if (length > resource.wholeFileLimit) throw tooLarge(length);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}
