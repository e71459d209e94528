import { type Connection, connect } from './connection.js';
import { parseContentRange } from './content-range.js';
import { finalFailure, statusFailure, transientFailure } from './http-failure.js';
import type { HttpResource } from './http-options.js';
import { readBody, readWholeBody } from './read-body.js';

/** Bytes asked for when opening: the whole of a small file, and most safetensors headers. */
export const prefixBytes = 64 * 1024;

/** What the first request found. `prefix` holds the file's first bytes: all of them if the server has no ranges. */
export interface OpenedResource {
  readonly size: number;
  readonly prefix: Uint8Array<ArrayBuffer>;
  /** A strong entity tag, which later answers must repeat. */
  readonly tag: string | undefined;
}

/** The strong entity tag of an answer; weak ones (`W/…`) do not promise equal bytes. */
export function strongTag(response: Response): string | undefined {
  const tag = response.headers.get('etag');
  return tag?.startsWith('"') ? tag : undefined;
}

/** Sends the first request; undefined if there is no such file. @throws E_IO, E_ABORTED */
export async function openResource(
  resource: HttpResource,
  signal: AbortSignal | undefined,
): Promise<OpenedResource | undefined> {
  const connection = await connect(resource, { first: 0, last: prefixBytes - 1 }, signal);
  try {
    const { response } = connection;
    if (response.status === 404 || response.status === 410) return undefined;
    if (response.status === 206) return await openPartial(resource, connection);
    if (response.status === 200) return await openWhole(resource, connection);
    // An empty file has no byte 0, so that a server may find the range not satisfiable.
    if (response.status === 416 && response.headers.get('content-range')?.trim() === 'bytes */0') {
      return { size: 0, prefix: new Uint8Array(0), tag: strongTag(response) };
    }
    throw statusFailure(resource, response.status);
  } finally {
    await connection.close();
  }
}

async function openPartial(resource: HttpResource, connection: Connection): Promise<OpenedResource> {
  const { response } = connection;
  checkNotEncoded(resource, response);
  const range = parseContentRange(response.headers.get('content-range'));
  if (range?.total === undefined || range.first !== 0 || range.last >= prefixBytes) {
    throw finalFailure(
      resource,
      `the answer to a range request has the Content-Range ${describe(response)}, expected "bytes 0-N/TOTAL". On another origin the server must also allow scripts to see it (Access-Control-Expose-Headers: Content-Range, ETag).`,
    );
  }
  const target = { bytes: new Uint8Array(range.last + 1), received: 0 };
  await readBody(resource, connection, target, range.last + 1);
  return { size: range.total, prefix: target.bytes, tag: strongTag(response) };
}

async function openWhole(resource: HttpResource, connection: Connection): Promise<OpenedResource> {
  const { response } = connection;
  const tooLarge = (byteLength: number): Error =>
    finalFailure(
      resource,
      `the server ignores range requests, and the file has ${byteLength} bytes or more, above the ${resource.wholeFileLimit} that are read whole. Use a server that answers 206 to Range requests, download the file first, or raise wholeFileLimit.`,
      { byteLength, wholeFileLimit: resource.wholeFileLimit },
    );
  // The length of an encoded (compressed) body says nothing about the bytes that fetch hands out.
  const isEncoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  const header = response.headers.get('content-length');
  const declared = header !== null && !isEncoded ? Number(header) : undefined;
  if (declared !== undefined && declared > resource.wholeFileLimit) throw tooLarge(declared);
  const bytes = await readWholeBody(resource, connection, tooLarge);
  if (declared !== undefined && bytes.byteLength < declared) {
    throw transientFailure(resource, `the body ends ${declared - bytes.byteLength} bytes early.`);
  }
  return { size: bytes.byteLength, prefix: bytes, tag: strongTag(response) };
}

/** A compressed part of a file cannot be placed. @throws E_IO */
export function checkNotEncoded(resource: HttpResource, response: Response): void {
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw finalFailure(
      resource,
      `the server compresses ranges (Content-Encoding: ${encoding}), expected the bytes as they are. Turn compression off for this file.`,
    );
  }
}

function describe(response: Response): string {
  const header = response.headers.get('content-range');
  return header === null ? '(absent)' : JSON.stringify(header.slice(0, 80));
}
