import { describe, expect, it } from 'vitest';
import { answerRange, type Script, scriptedServer } from '../../test/scripted-server.js';
import { parseContentRange } from './http/content-range.js';
import { httpSource } from './http-source.js';

// Larger than what opening reads, so that reads have to ask again.
const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 253);
const fast = { retryDelayMilliseconds: 1, stallMilliseconds: 2000 };
const part = (offset: number, length: number) => content.slice(offset, offset + length);

/** Right on opening, then as the test says. */
const afterOpening =
  (script: Script): Script =>
  (request, response) =>
    request.number === 0 ? answerRange(content, request, response) : script(request, response);

async function readFrom(script: Script, options = {}): Promise<{ bytes: Uint8Array; requests: number }> {
  await using server = await scriptedServer(script);
  const source = await httpSource(server.url, { ...fast, ...options });
  const bytes = await source.read(100_000, 150_000);
  return { bytes, requests: server.requests.length };
}

describe('a server that lies', () => {
  const head = (range: string, length: number) => ({
    'content-range': range,
    'content-length': String(length),
  });
  const lies: readonly (readonly [what: string, script: Script, message: RegExp])[] = [
    [
      'other bytes',
      (_, response) => response.writeHead(206, head('bytes 0-9/300000', 10)).end(part(0, 10)),
      /other bytes/,
    ],
    ['no Content-Range', (_, response) => response.writeHead(206).end(part(0, 10)), /other bytes/],
    [
      'more than asked for',
      (request, response) =>
        response
          .writeHead(206, head(`bytes ${request.first}-299999/300000`, 200_000))
          .end(part(100_000, 200_000)),
      /other bytes/,
    ],
    [
      'a longer body than it says',
      (request, response) => {
        response
          .writeHead(206, { 'content-range': `bytes ${request.first}-${request.last}/300000` })
          .end(part(100_000, 150_001));
      },
      /more bytes/,
    ],
    [
      'another total',
      (request, response) =>
        response
          .writeHead(206, head(`bytes ${request.first}-${request.last}/300001`, 150_000))
          .end(part(100_000, 150_000)),
      /changed/,
    ],
    ['the whole file', (_, response) => response.writeHead(200).end(content), /whole file/],
    ['404 later', (_, response) => response.writeHead(404).end(), /answers 404/],
    [
      'a compressed part',
      (request, response) =>
        response
          .writeHead(206, {
            ...head(`bytes ${request.first}-${request.last}/300000`, 3),
            'content-encoding': 'br',
          })
          .end('abc'),
      /compresses/,
    ],
  ];
  it.each(lies)('%s: one request, E_IO', async (_, script, message) => {
    await using server = await scriptedServer(afterOpening(script));
    const source = await httpSource(server.url, fast);
    await expect(source.read(100_000, 150_000)).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(message),
    });
    expect(server.requests.length).toBe(2);
  });

  const openingLies: readonly (readonly [what: string, script: Script, message: RegExp])[] = [
    [
      'an unknown total',
      (_, response) => response.writeHead(206, head('bytes 0-9/*', 10)).end(part(0, 10)),
      /Content-Range/,
    ],
    [
      'no Content-Range',
      (_, response) => response.writeHead(206).end(part(0, 10)),
      /Access-Control-Expose-Headers/,
    ],
    [
      'a wrong start',
      (_, response) => response.writeHead(206, head('bytes 5-9/300000', 5)).end(part(5, 5)),
      /Content-Range/,
    ],
    [
      'too much',
      (_, response) => response.writeHead(206, head('bytes 0-299999/300000', 300_000)).end(content),
      /Content-Range/,
    ],
    ['404', (_, response) => response.writeHead(404).end(), /check the URL/],
    ['403', (_, response) => response.writeHead(403).end(), /authorization/],
    ['204', (_, response) => response.writeHead(204).end(), /answers 204/],
    ['416', (_, response) => response.writeHead(416).end(), /answers 416/],
  ];
  it.each(openingLies)('%s when opening: one request, E_IO', async (_, script, message) => {
    await using server = await scriptedServer(script);
    await expect(httpSource(server.url, fast)).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(message),
    });
    expect(server.requests.length).toBe(1);
  });

  it('a changed entity tag', async () => {
    const script: Script = (request, response) =>
      answerRange(content, request, response, { etag: `"version ${request.number}"` });
    await expect(readFrom(script)).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/changed/),
    });
    const weak: Script = (request, response) =>
      answerRange(content, request, response, { etag: `W/"version ${request.number}"` });
    expect((await readFrom(weak)).requests).toBe(2);
  });
});

describe('a server without ranges', () => {
  it('is read once if the file is small, whether it gives a length or not', async () => {
    for (const headers of [{ 'content-length': '300000' }, {}]) {
      await using server = await scriptedServer((_, response) => {
        response.writeHead(200, headers);
        response.end(content);
      });
      const source = await httpSource(server.url, fast);
      expect(source.size).toBe(300_000);
      expect(await source.read(100_000, 150_000)).toEqual(part(100_000, 150_000));
      expect(server.requests.length).toBe(1);
    }
  });
  it('is refused if the file is large: by its length before the body, or as soon as the body shows it', async () => {
    for (const headers of [{ 'content-length': '300000' }, {}]) {
      await using server = await scriptedServer((_, response) => {
        response.writeHead(200, headers);
        response.write(content.subarray(0, 2000));
      });
      const isDeclared = 'content-length' in headers;
      await expect(httpSource(server.url, { ...fast, wholeFileLimit: 1000 })).rejects.toMatchObject({
        code: 'E_IO',
        message: expect.stringMatching(/ignores range requests.*wholeFileLimit/),
        details: { byteLength: isDeclared ? 300_000 : 2000 },
      });
    }
  });
});

describe('a connection that breaks', () => {
  /** Sends 50,000 bytes of what it promised, then hangs up. */
  const cut: Script = (request, response) => {
    const { first, last } = request;
    response.writeHead(206, {
      'content-range': `bytes ${first}-${last}/300000`,
      'content-length': String(last - first + 1),
    });
    response.write(part(first, Math.min(50_000, last - first + 1)), () => response.socket?.destroySoon());
  };
  it('is resumed where it broke', async () => {
    await using server = await scriptedServer(afterOpening(cut));
    const source = await httpSource(server.url, fast);
    expect(await source.read(100_000, 150_000)).toEqual(part(100_000, 150_000));
    const starts = server.requests.slice(1).map((request) => request.first);
    expect(starts[0]).toBe(100_000);
    expect(starts.length).toBeGreaterThanOrEqual(3);
    // Every request but the last found a break behind the bytes it brought.
    expect([...starts].sort((a, b) => a - b)).toEqual(starts);
    expect(starts.at(-1)).toBeGreaterThan(100_000);
  });
  it('is given up after the retries', async () => {
    await using server = await scriptedServer(afterOpening((_, response) => response.socket?.destroy()));
    const source = await httpSource(server.url, { ...fast, retries: 2 });
    await expect(source.read(100_000, 1)).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/gave up after 3 requests/),
      cause: expect.anything(),
    });
    expect(server.requests.length).toBe(4);
  });
  it('is given up after the retries when opening', async () => {
    await using server = await scriptedServer((_, response) => response.writeHead(503).end());
    await expect(httpSource(server.url, { ...fast, retries: 3 })).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/4 requests.*answers 503/),
    });
    expect(server.requests.length).toBe(4);
  });
  it('may end early without an error, or with less than asked for', async () => {
    const short: Script = (request, response) => {
      const last = Math.min(request.last, request.first + 59_999);
      const range = request.number === 1 ? request.last : last;
      response.writeHead(206, { 'content-range': `bytes ${request.first}-${range}/300000` });
      response.end(part(request.first, last - request.first + 1));
    };
    const { bytes, requests } = await readFrom(afterOpening(short));
    expect(bytes).toEqual(part(100_000, 150_000));
    expect(requests).toBe(4);
  });
  it('counts as broken when it stays silent', async () => {
    const silentOnce: Script = (request, response) => {
      if (request.number !== 1) return answerRange(content, request, response);
      response.writeHead(206, { 'content-range': `bytes ${request.first}-${request.last}/300000` });
      response.write(part(request.first, 10));
    };
    const { bytes, requests } = await readFrom(silentOnce, { stallMilliseconds: 100 });
    expect(bytes).toEqual(part(100_000, 150_000));
    expect(requests).toBe(3);
  });
});

it('stops for an abort: before, while waiting for an answer, and between retries', async () => {
  await using server = await scriptedServer(
    afterOpening((request, response) => {
      if (request.number === 1) response.writeHead(503).end();
    }),
  );
  await expect(httpSource(server.url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_ABORTED',
  });
  const source = await httpSource(server.url, { retryDelayMilliseconds: 60_000 });
  for (let round = 0; round < 2; round++) {
    const soon = new AbortController();
    setTimeout(() => soon.abort(), 50);
    await expect(source.read(100_000, 150_000, soon.signal)).rejects.toMatchObject({ code: 'E_ABORTED' });
  }
  expect(server.requests.length).toBe(3);
});

it('follows redirects, sends headers, and shows no query in its name', async () => {
  await using server = await scriptedServer((request, response) => {
    if (request.url.startsWith('/model')) response.writeHead(302, { location: '/blob?signed=1' }).end();
    else answerRange(content, request, response);
  });
  const source = await httpSource(`${server.url}?token=secret`, { ...fast, headers: { 'x-test': 'yes' } });
  expect(await source.read(70_000, 5)).toEqual(part(70_000, 5));
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/model.safetensors?token=secret',
    '/blob?signed=1',
    '/model.safetensors?token=secret',
    '/blob?signed=1',
  ]);
  expect(server.requests.every(({ headers }) => headers['x-test'] === 'yes')).toBe(true);
  expect(source.name).toBe(server.url);
});

it('gives up on endless redirects', async () => {
  await using server = await scriptedServer((_, response) => {
    response.writeHead(302, { location: '/model.safetensors' }).end();
  });
  await expect(httpSource(server.url, { ...fast, retries: 0 })).rejects.toMatchObject({ code: 'E_IO' });
});

it('reads the start from what opening brought, and an empty file', async () => {
  await using server = await scriptedServer((request, response) => answerRange(content, request, response));
  const source = await httpSource(server.url, fast);
  expect(await source.read(0, 65_536)).toEqual(part(0, 65_536));
  expect(server.requests.length).toBe(1);
  await using empty = await scriptedServer((_, response) => {
    response.writeHead(416, { 'content-range': 'bytes */0' }).end();
  });
  expect((await httpSource(empty.url, fast)).size).toBe(0);
});

it.each(['', 'model.safetensors', 'file:///etc/passwd', 'data:,x'])('refuses the URL %j', async (url) => {
  await expect(httpSource(url)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
});

it.each([
  null,
  '',
  'bytes',
  'bytes 0-9',
  'bytes 9-0/10',
  'bytes 0-10/10',
  'bytes -1-9/10',
  'items 0-9/10',
  'bytes 0-9/10, 1',
  'bytes 0-9007199254740992/9007199254740993',
  'bytes 0-9/1e3',
])('parseContentRange refuses %j', (header) => {
  expect(parseContentRange(header)).toBeUndefined();
});
