import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { run } from './captured-terminal.js';
import {
  blob,
  config,
  expectWeights,
  hubWith,
  isolate,
  partial,
  repository,
  snapshot,
  tiny,
  weights,
} from './hub-fixture.js';
import { type Answer, commit, cutAfter } from './hub-server.js';

isolate();

describe('a server that lies', () => {
  it.each([
    ['sha256', { 'config.json': config, 'model.safetensors': { ...weights, listedHash: 'e'.repeat(64) } }],
    ['git', { 'config.json': { ...config, listedHash: 'e'.repeat(40) }, 'model.safetensors': weights }],
  ] as const)('about a hash (%s): E_FORMAT, and nothing of it stays', async (_, files) => {
    await using hub = await hubWith(files);
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringContaining('hash'),
    });
    const wrong = blob('e'.repeat(_ === 'git' ? 40 : 64));
    expect(existsSync(wrong) || existsSync(`${wrong}.incomplete`)).toBe(false);
    expect(hub.contentRequests().length).toBeLessThanOrEqual(2);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(snapshot()).rejects.toMatchObject({ code: 'E_IO' });
  });

  it.each<[string, Answer, RegExp]>([
    [
      'a length',
      (_, response) => !!response.writeHead(200, { 'content-length': 5 }).end('short'),
      /5 bytes are announced, expected 200000/,
    ],
    [
      'a range',
      (_, response) => !!response.writeHead(206, { 'content-range': 'bytes 0-9/200000' }).end('0123456789'),
      /bytes 0-9\/200000, expected bytes 1000-199999\/200000/,
    ],
    ['no range', (_, response) => !!response.writeHead(206).end('0123456789'), /no content-range/],
    [
      'another total',
      (_, response) =>
        !!response.writeHead(206, { 'content-range': 'bytes 1000-1009/1010' }).end('0123456789'),
      /1010/,
    ],
  ])('about %s: E_FORMAT; what was there before stays', async (_, answer, message) => {
    await using _hub = await hubWith(
      tiny,
      (request, response, file) => file === weights && answer(request, response, file),
    );
    await mkdir(join(repository(), 'blobs'), { recursive: true });
    await writeFile(await partial(), weights.content.subarray(0, 1000));
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(message),
    });
    expect(await readFile(await partial())).toHaveLength(1000);
  });

  it('by sending more than it listed: E_FORMAT, and the bytes are removed', async () => {
    await using _hub = await hubWith(tiny, (_, response, file) => {
      if (file !== weights) return false;
      response.writeHead(200).write(weights.content);
      response.end('and more');
      return true;
    });
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringContaining('more bytes come'),
    });
    expect(existsSync(await partial())).toBe(false);
  });

  it.each<[string, Record<string, unknown> | string, RegExp]>([
    ['no JSON', '<html>', /cannot be read/],
    ['no commit', { sha: '../../etc' }, /no commit/],
    ['nothing', {}, /no commit/],
  ])('with %s for a listing: E_FORMAT', async (_, body, message) => {
    await using _hub = await hubWith(
      tiny,
      (_request, response) => !!response.end(typeof body === 'string' ? body : JSON.stringify(body)),
    );
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(message),
    });
  });

  it.each(['../../../escaped.safetensors', '/tmp/escaped', 'a\\b', '.hidden'])(
    'a file named %j is not written',
    async (name) => {
      const index = { content: Buffer.from(JSON.stringify({ weight_map: { a: name } })) };
      await using hub = await hubWith({
        'config.json': config,
        'model.safetensors.index.json': index,
        [name]: weights,
      });
      await expect(snapshot()).rejects.toMatchObject({
        code: 'E_IO',
        message: expect.stringContaining('names files that are not there'),
      });
      expect(hub.contentRequests()).toHaveLength(1);
    },
  );

  it.each([{ oid: 'x' }, { oid: 'e'.repeat(40), size: -1 }, { oid: `${'../'.repeat(13)}x` }])(
    'a file listed as %j is refused',
    async (entry) => {
      await using _hub = await hubWith(
        tiny,
        (request, response) =>
          request.url!.includes('/tree/') &&
          !!response.end(JSON.stringify([{ type: 'file', path: 'config.json', size: 3, ...entry }])),
      );
      await expect(snapshot()).rejects.toMatchObject({ code: 'E_FORMAT' });
    },
  );
});

describe('a server that refuses', () => {
  it.each([
    [401, /set HF_TOKEN/],
    [403, /terms/],
    [404, /no such model, revision or file/],
    [429, /wait/],
    [503, /Try again later/],
  ])('%i: E_IO with the way out, for the listing and for a file', async (status, message) => {
    await using hub = await hubWith(tiny, (_, response) => !!response.writeHead(status).end('no'));
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      details: { status },
      message: expect.stringMatching(message),
    });
    hub.answer = (_, response, file) => file === weights && !!response.writeHead(status).end('no');
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      details: { status },
      message: expect.stringMatching(message),
    });
  });

  it('for a moment is asked again', async () => {
    let count = 0;
    await using _hub = await hubWith(
      tiny,
      (_, response) => count++ % 3 < 2 && !!response.writeHead(503).end(),
    );
    await expect(snapshot()).resolves.toMatchObject({ commit });
  });

  it('the command says what was tried', async () => {
    await using _hub = await hubWith(tiny);
    const { exitCode, notes } = await run(['inspect', 'owner/other']);
    expect(notes).toMatch(
      /E_IO: there is no folder or file owner\/other here, and as a model of the hub: owner\/other@main: the hub answers 404/,
    );
    expect(exitCode).toBe(2);
    expect((await run(['inspect', './nothing'])).notes).toMatch(
      /E_IO: there is no folder or file \.\/nothing, and it is no name/,
    );
    expect((await run(['download', './nothing'])).notes).toMatch(/E_ARGUMENT/);
  });
});

describe('the end of a download', () => {
  it('by the signal: E_ABORTED, what came stays', async () => {
    const controller = new AbortController();
    await using _hub = await hubWith(tiny, (_, response, file) => {
      if (file !== weights) return false;
      response.writeHead(200, { 'content-length': 200_000 }).write(weights.content.subarray(0, 90_000));
      return true; // and never ends
    });
    const aborting = snapshot('owner/tiny', {
      signal: controller.signal,
      onProgress: (done) => done >= 90_000 + config.content.length && controller.abort(),
    });
    await expect(aborting).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect(await readFile(await partial())).toHaveLength(90_000);
    await expect(snapshot('owner/tiny', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
  });

  it.runIf(existsSync('/dev/full'))('by a full disk: E_IO with the way out', async () => {
    await using _hub = await hubWith(tiny);
    await mkdir(join(repository(), 'blobs'), { recursive: true });
    // Every write to this device fails as on a full disk.
    await symlink('/dev/full', await partial());
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      details: { systemCode: 'ENOSPC' },
      message: expect.stringContaining('HF_HUB_CACHE'),
    });
  });

  it('by a disk that is too small, before anything large is asked for', async () => {
    await using hub = await hubWith({
      'config.json': config,
      'model.safetensors': { ...weights, listedSize: 2 ** 52 },
    });
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/are to be downloaded and .* are free/),
    });
    expect(hub.contentRequests()).toEqual([]);
  });

  it('by a cache that cannot be written: E_IO', async () => {
    await using _hub = await hubWith(tiny);
    await writeFile(repository(), 'a file, no folder');
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('HF_HUB_CACHE'),
    });
  });

  it('of two at once: both succeed', async () => {
    await using _hub = await hubWith(tiny, (request, response, file) =>
      file === weights ? cutAfter(90_000)(request, response, file) : false,
    );
    const [one, two] = await Promise.all([snapshot(), snapshot()]);
    expect(two).toEqual(one);
    await expectWeights(one.path);
  });
});
