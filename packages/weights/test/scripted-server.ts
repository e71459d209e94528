import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as scripts see it: its number from 0, and the range asked for. */
export interface ScriptedRequest {
  readonly number: number;
  readonly first: number;
  readonly last: number;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers one request. */
export type Script = (request: ScriptedRequest, response: ServerResponse) => void;

/** A server on this machine that does what a test says. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  /** Every request so far. */
  readonly requests: readonly ScriptedRequest[];
}

/** Starts a server; it stops, with its connections, at the end of the scope. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((incoming, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '');
    const request = {
      number: requests.length,
      first: Number(range?.[1]),
      last: Number(range?.[2]),
      url: incoming.url ?? '',
      headers: incoming.headers,
    };
    requests.push(request);
    script(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A right answer to a range request. */
export function answerRange(
  content: Uint8Array,
  request: ScriptedRequest,
  response: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): void {
  const last = Math.min(request.last, content.byteLength - 1);
  response.writeHead(206, {
    'content-range': `bytes ${request.first}-${last}/${content.byteLength}`,
    'content-length': String(last - request.first + 1),
    ...headers,
  });
  response.end(content.subarray(request.first, last + 1));
}
