import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** A folder on a server of another origin. */
export interface CheckpointServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for and found. */
  readonly requests: readonly {
    readonly name: string;
    readonly range: string | undefined;
    readonly bytes: number;
  }[];
}

/** Serves the files of a folder to every page (CORS), by range (RFC 9110, §14) and otherwise whole. */
export async function openCheckpointServer(folder: string): Promise<CheckpointServer> {
  const requests: { name: string; range: string | undefined; bytes: number }[] = [];
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'range');
    response.setHeader('access-control-expose-headers', 'content-range, content-length, etag');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const name = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname.split('/').at(-1)!);
    const whole = await readFile(join(folder, name)).catch(() => undefined);
    if (!whole) {
      response.writeHead(404).end();
      return;
    }
    const { range } = request.headers;
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const end = Math.min(whole.length, last ? Number(last) + 1 : whole.length);
    const body = first === undefined ? whole : whole.subarray(Number(first), end);
    requests.push({ name, range, bytes: body.length });
    if (first !== undefined) {
      response.setHeader('content-range', `bytes ${first}-${end - 1}/${whole.length}`);
    }
    response.writeHead(first === undefined ? 200 : 206, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/models/shakespeare`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
