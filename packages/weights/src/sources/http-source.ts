import { allocateBytes } from '../platform/allocate-bytes.js';
import { type ByteSource, checkRead } from './byte-source.js';
import { type Connection, connect } from './http/connection.js';
import { parseContentRange } from './http/content-range.js';
import { finalFailure, statusFailure } from './http/http-failure.js';
import { type HttpOptions, type HttpResource, httpResource } from './http/http-options.js';
import { checkNotEncoded, type OpenedResource, openResource, strongTag } from './http/open-resource.js';
import { type BodyTarget, readBody } from './http/read-body.js';
import { withRetries } from './http/with-retries.js';

/**
 * A source behind HTTP, read with range requests. Every answer is checked: status 206, the Content-Range asked for,
 * an unchanged total length and entity tag, as many bytes as promised. A cut connection is resumed where it broke,
 * a bounded number of times. From a server without ranges a small file is read whole, once.
 * @throws E_IO, E_ABORTED
 * @example
 * const weights = await openSafetensors(await httpSource('https://example.org/model.safetensors'));
 */
export async function httpSource(url: string | URL, options: HttpOptions = {}): Promise<ByteSource> {
  const resource = httpResource(url, options);
  const source = await openHttp(resource, options.signal);
  if (!source) throw statusFailure(resource, 404);
  return source;
}

/** As {@link httpSource}; undefined if the server has no such file. */
export async function openHttp(
  resource: HttpResource,
  signal: AbortSignal | undefined,
): Promise<ByteSource | undefined> {
  const opened = await withRetries(resource, signal, () => openResource(resource, signal));
  if (!opened) return undefined;
  const { name } = resource;
  const { size, prefix } = opened;
  let isClosed = false;
  return {
    name,
    size,
    async read(offset, length, readSignal) {
      checkRead({ name, size, isClosed }, { offset, length }, readSignal);
      if (offset + length <= prefix.byteLength) return prefix.slice(offset, offset + length);
      return readRange({ resource, opened, offset, length, signal: readSignal });
    },
    async close() {
      isClosed = true;
    },
  };
}

interface RangeRead {
  readonly resource: HttpResource;
  readonly opened: OpenedResource;
  readonly offset: number;
  readonly length: number;
  readonly signal: AbortSignal | undefined;
}

async function readRange(read: RangeRead): Promise<Uint8Array<ArrayBuffer>> {
  const { resource, offset, length, signal } = read;
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  let target: BodyTarget | undefined;
  await withRetries(resource, signal, async () => {
    const first = offset + (target?.received ?? 0);
    const last = offset + length - 1;
    const connection = await connect(resource, { first, last }, signal);
    try {
      const sent = checkAnswer(read, connection, { first, last });
      // Not before a server has promised these bytes: `size` is only its word.
      bytes ??= allocateBytes(length, `reading ${resource.name}`);
      target ??= { bytes, received: 0 };
      await readBody(resource, connection, target, sent - offset + 1);
      if (target.received < length) {
        // Servers may answer with less than was asked for (RFC 9110, section 14.2); each part costs one retry.
        throw new Error('the server sends only a part of the range.');
      }
    } finally {
      await connection.close();
    }
  });
  return bytes!;
}

/** Checks status and headers; gives the last byte that the body will hold. */
function checkAnswer(
  { resource, opened }: RangeRead,
  { response }: Connection,
  asked: { readonly first: number; readonly last: number },
): number {
  if (response.status === 200) {
    throw finalFailure(
      resource,
      'the server answered a range request with the whole file (status 200), although it answered 206 before. Download the file first.',
    );
  }
  if (response.status !== 206) throw statusFailure(resource, response.status);
  checkNotEncoded(resource, response);
  const range = parseContentRange(response.headers.get('content-range'));
  if (range?.first !== asked.first || range.last > asked.last) {
    throw finalFailure(
      resource,
      `the server answers with other bytes than asked for (${range ? `${range.first}-${range.last}` : 'no valid Content-Range'}, expected ${asked.first}-${asked.last}). Download the file first.`,
    );
  }
  const tag = strongTag(response);
  const hasOtherTag = tag !== undefined && opened.tag !== undefined && tag !== opened.tag;
  if (hasOtherTag || (range.total !== undefined && range.total !== opened.size)) {
    throw finalFailure(resource, 'the file changed on the server while it was read. Open it again.');
  }
  return range.last;
}
