import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file that the server has. What it says of it may be a lie. */
export interface ServedFile {
  readonly content: Uint8Array;
  /** Listed with sha256 instead of git's id. */
  readonly isLarge?: boolean;
  readonly listedHash?: string;
  readonly listedSize?: number;
}

/** A request that was made. */
export interface Seen {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** An answer instead of the usual one; false for the usual one. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  file: ServedFile | undefined,
) => boolean | undefined;

/** A hub on this machine. */
export interface HubServer extends AsyncDisposable {
  readonly address: string;
  readonly seen: Seen[];
  /** May be changed while it runs. */
  answer: Answer;
  /** Requests for contents, not for listings. */
  contentRequests(): Seen[];
}

/** The commit of every revision that the server knows. */
export const commit = 'c'.repeat(40);

/** The git id of a blob: `printf abc | git hash-object --stdin` gives f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f. */
export function gitHash(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** Serves a model at 127.0.0.1, its listing in pages of `pageSize`. */
export async function startHub(
  files: Readonly<Record<string, ServedFile>>,
  pageSize = 1000,
): Promise<HubServer> {
  const listing = Object.entries(files).map(([path, { content, isLarge, listedHash, listedSize }]) => {
    const size = listedSize ?? content.length;
    const oid =
      listedHash ?? (isLarge ? createHash('sha256').update(content).digest('hex') : gitHash(content));
    return {
      type: 'file',
      path,
      size,
      oid: isLarge ? 'a'.repeat(40) : oid,
      ...(isLarge && { lfs: { oid, size } }),
    };
  });
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://127.0.0.1');
    const { range, authorization } = request.headers;
    hub.seen.push({ path: url.pathname, range, authorization });
    const name = /^\/owner\/tiny\/resolve\/c{40}\/(.+)$/.exec(url.pathname)?.[1];
    const file = name === undefined ? undefined : files[decodeURIComponent(name)];
    if (hub.answer(request, response, file)) return;
    if (file) return sendContent(response, file.content, range);
    response.setHeader('content-type', 'application/json');
    if (/^\/api\/models\/owner\/tiny\/revision\/(main|v1|c{40})$/.test(url.pathname)) {
      response.end(JSON.stringify({ _id: '1', id: 'owner/tiny', sha: commit, lastModified: '2026-01-01' }));
    } else if (url.pathname === `/api/models/owner/tiny/tree/${commit}`) {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      if (from + pageSize < listing.length) {
        response.setHeader('link', `<${hub.address}${url.pathname}?cursor=${from + pageSize}>; rel="next"`);
      }
      response.end(JSON.stringify(listing.slice(from, from + pageSize)));
    } else {
      response.writeHead(404).end('{"error":"Repository not found"}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: HubServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answer: () => false,
    contentRequests: () => hub.seen.filter(({ path }) => path.includes('/resolve/')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}

/** Whole, or the part that was asked for. */
export function sendContent(response: ServerResponse, content: Uint8Array, range: string | undefined): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (from > 0) {
    if (from >= content.length) return void response.writeHead(416).end();
    response.writeHead(206, {
      'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
      'content-length': content.length - from,
    });
  } else response.writeHead(200, { 'content-length': content.length });
  response.end(content.subarray(from));
}

/** Sends `count` bytes of what was asked for, then cuts the connection. */
export function cutAfter(count: number): Answer {
  return (request, response, file) => {
    if (!file) return false;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { length } = file.content;
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${length - 1}/${length}` }),
    });
    // Destroyed only once the bytes are on their way: a reset would take them back.
    response.write(file.content.subarray(from, from + count), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
}
