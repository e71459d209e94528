import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultModel } from 'hybra';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseHubName } from '../src/hub/hub-name.js';
import { hubSettings } from '../src/hub/hub-settings.js';
import { type LocalSnapshot, localSnapshot } from '../src/hub/local-snapshot.js';
import { run } from './captured-terminal.js';
import {
  type Answer,
  commit,
  cutAfter,
  gitHash,
  type HubServer,
  type ServedFile,
  sendContent,
  startHub,
} from './hub-server.js';

const config: ServedFile = { content: Buffer.from('{"model_type":"mamba2"}') };
const weights: ServedFile = {
  content: Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7919) >> 3),
  isLarge: true,
};
const tiny = { 'config.json': config, 'model.safetensors': weights };

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'hybra-hub-'));
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HF_HUB_OFFLINE', '');
  // Nothing listens on port 1: a test that forgets its server fails here, not elsewhere.
  vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

async function hubWith(
  files: Readonly<Record<string, ServedFile>>,
  answer?: Answer,
  pageSize?: number,
): Promise<HubServer> {
  const hub = await startHub(files, pageSize);
  if (answer) hub.answer = answer;
  vi.stubEnv('HF_ENDPOINT', hub.address);
  return hub;
}

/** `localSnapshot` with retries that do not wait. */
function snapshot(
  name = 'owner/tiny',
  options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<LocalSnapshot> {
  return localSnapshot(parseHubName(name)!, {
    settings: { ...hubSettings(), retryMilliseconds: 1 },
    signal: new AbortController().signal,
    ...options,
  });
}

const repository = (): string => join(cache, 'models--owner--tiny');
const blob = (hex: string): string => join(repository(), 'blobs', hex);
const sha256 = async (content: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>)).toString('hex');
const partial = async (): Promise<string> => `${blob(await sha256(weights.content))}.incomplete`;

/** Not `toEqual`, which looks at 200,000 numbers one by one. */
async function expectWeights(folder: string): Promise<void> {
  expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.content)).toBe(true);
}

describe('names', () => {
  it.each([
    ['owner/name', { repository: 'owner/name', revision: 'main' }],
    ['Owner-1/name_2.5b@v1.0', { repository: 'Owner-1/name_2.5b', revision: 'v1.0' }],
    ['owner/name@refs/pr/3', { repository: 'owner/name', revision: 'refs/pr/3' }],
    ['owner/name/q4.gguf@v1', { repository: 'owner/name', revision: 'v1', file: 'q4.gguf' }],
  ])('%s', (text, expected) => expect(parseHubName(text)).toEqual(expected));

  it.each([
    'name',
    '/owner/name',
    './owner/name',
    '../name',
    'owner/..',
    'owner/name/more',
    'owner/na..me',
    'owner/na--me',
    'owner/name@',
    'owner/name@../x',
    'owner/name@a//b',
    'owner/name@a/',
    'C:\\owner\\name',
    'owner/name?x',
    'owner/na me',
    '',
  ])('%j is none', (text) => expect(parseHubName(text)).toBeUndefined());
});

describe('download', () => {
  it('brings only what commands read, in the layout that other tools share', async () => {
    await using hub = await hubWith(
      {
        ...tiny,
        'README.md': config,
        'tokenizer.json': { content: Buffer.from('{}') },
        'pytorch_model.bin': weights,
        'original/config.json': config,
        'consolidated.safetensors': weights,
      },
      undefined,
      2,
    );
    const { exitCode, out, notes } = await run(['download', 'owner/tiny@v1']);
    const folder = join(repository(), 'snapshots', commit);
    expect(notes).toContain('downloading');
    expect(out).toBe(`${folder}\n`);
    expect(exitCode).toBe(0);
    expect(
      hub
        .contentRequests()
        .map(({ path }) => path.split('/').at(-1))
        .sort(),
    ).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(
      `../../blobs/${await sha256(weights.content)}`,
    );
    expect(await readlink(join(folder, 'config.json'))).toBe(`../../blobs/${gitHash(config.content)}`);
    await expectWeights(folder);
    expect(await readFile(join(repository(), 'refs/v1'), 'utf8')).toBe(commit);
  });

  it('--model takes a name: the same text as from the folder; the second time nothing is fetched', async () => {
    const folder = fileURLToPath(defaultModel.folder);
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'generation_config.json'];
    const files = await Promise.all(
      names.map(
        async (name) =>
          [name, { content: await readFile(join(folder, name)), isLarge: name.startsWith('model') }] as const,
      ),
    );
    await using hub = await hubWith(Object.fromEntries(files));
    const args = ['--prompt', 'ROMEO:\n', '--temperature', '0', '--max-tokens', '4'];
    const { out } = await run(args);
    expect(await run([...args, '--model', 'owner/tiny'])).toMatchObject({ exitCode: 0, out });
    expect(hub.contentRequests()).toHaveLength(4);
    expect(await run(['inspect', 'owner/tiny', '--json'])).toMatchObject({ exitCode: 0 });
    expect(hub.contentRequests()).toHaveLength(4);
  });

  it('progress rises to the total', async () => {
    await using _hub = await hubWith(tiny);
    const seen: [number, number][] = [];
    await snapshot('owner/tiny', { onProgress: (done, total) => seen.push([done, total]) });
    const total = config.content.length + weights.content.length;
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual([total, total]);
    expect(seen.every(([, each]) => each === total)).toBe(true);
  });

  it('follows redirects to another origin, which never sees the token', async () => {
    vi.stubEnv('HF_TOKEN', 'secret-token');
    await using store = await startHub({});
    store.answer = (request, response) => {
      sendContent(response, weights.content, request.headers.range);
      return true;
    };
    await using hub = await hubWith(tiny, (_, response, file) => {
      if (file !== weights) return false;
      response.writeHead(302, { location: `${store.address}/anywhere` }).end();
      return true;
    });
    await mkdir(join(repository(), 'blobs'), { recursive: true });
    await writeFile(await partial(), weights.content.subarray(0, 1000));
    await snapshot();
    expect(hub.seen.every(({ authorization }) => authorization === 'Bearer secret-token')).toBe(true);
    expect(store.seen).toEqual([{ path: '/anywhere', range: 'bytes=1000-', authorization: undefined }]);
  });

  it('a token that cannot be one is refused without being shown', async () => {
    vi.stubEnv('HF_TOKEN', 'sec\u00e9cret token');
    const { exitCode, notes } = await run(['download', 'owner/tiny']);
    expect(notes).toMatch(/E_ARGUMENT: HF_TOKEN/);
    expect(notes).not.toContain('cret');
    expect(exitCode).toBe(2);
  });
});

describe('a connection that ends', () => {
  it('is taken up again where it ended', async () => {
    await using hub = await hubWith(tiny, (request, response, file) =>
      file === weights ? cutAfter(70_000)(request, response, file) : false,
    );
    const { path } = await snapshot();
    await expectWeights(path);
    const ranges = hub
      .contentRequests()
      .flatMap(({ path: each, range }) => (each.endsWith('tensors') ? [range] : []));
    expect(ranges).toEqual([undefined, 'bytes=70000-', 'bytes=140000-']);
  });

  it('again and again without a byte ends the download; the next one continues it', async () => {
    let isFirst = true;
    await using hub = await hubWith(tiny, (request, response, file) => {
      if (file !== weights) return false;
      const count = isFirst ? 50_000 : 0;
      isFirst = false;
      return cutAfter(count)(request, response, file);
    });
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/50000 of 200000 bytes.*continues where it stopped/),
    });
    expect(await readFile(await partial())).toHaveLength(50_000);
    expect(existsSync(join(repository(), 'refs/main'))).toBe(false);
    hub.answer = () => false;
    await snapshot();
    expect(hub.contentRequests().at(-1)?.range).toBe('bytes=50000-');
    expect(existsSync(await partial())).toBe(false);
  });

  it('a server without ranges sends everything again', async () => {
    let count = 0;
    await using _hub = await hubWith(tiny, (request, response, file) => {
      if (file !== weights) return false;
      if (count++ === 0) return cutAfter(50_000)(request, response, file);
      sendContent(response, weights.content, undefined);
      return true;
    });
    const { path } = await snapshot();
    await expectWeights(path);
  });

  it.each([
    ['other bytes', () => new Uint8Array(1000)],
    ['all bytes, one of them wrong', () => weights.content.map((byte, i) => (i === 5 ? byte + 1 : byte))],
    ['too many bytes', () => new Uint8Array(200_001)],
    ['all bytes', () => weights.content],
  ])('%s left by someone else: the result is right', async (_, leftOver) => {
    await using _hub = await hubWith(tiny);
    await mkdir(join(repository(), 'blobs'), { recursive: true });
    await writeFile(await partial(), leftOver());
    const { path } = await snapshot();
    await expectWeights(path);
  });
});

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

describe('without a network', () => {
  it('E_IO says so; a model in the cache is used, with a note', async () => {
    let address = '';
    {
      await using hub = await hubWith(tiny);
      address = hub.address;
    }
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\).*HF_HUB_OFFLINE=1/),
    });
    {
      await using _hub = await hubWith(tiny);
      await snapshot();
    }
    vi.stubEnv('HF_ENDPOINT', address);
    const { exitCode, out, notes } = await run(['download', 'owner/tiny']);
    expect(notes).toContain('cannot be reached: using owner/tiny from the cache, commit ccccccc');
    expect(out).toBe(`${join(repository(), 'snapshots', commit)}\n`);
    expect(exitCode).toBe(0);
  });

  it('HF_HUB_OFFLINE=1 asks nobody', async () => {
    await using hub = await hubWith(tiny);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('not in the cache'),
    });
    vi.stubEnv('HF_HUB_OFFLINE', '0');
    await snapshot();
    vi.stubEnv('HF_HUB_OFFLINE', 'yes');
    const asked = hub.seen.length;
    for (const name of ['owner/tiny', `owner/tiny@${commit}`]) {
      expect((await snapshot(name)).path).toBe(join(repository(), 'snapshots', commit));
    }
    await expect(snapshot('owner/tiny@v1')).rejects.toMatchObject({ code: 'E_IO' });
    await rm(blob(await sha256(weights.content)));
    await expect(snapshot()).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('holds none of'),
    });
    expect(hub.seen).toHaveLength(asked);
  });

  it('what exists on the disk is no name of the hub', async () => {
    await using hub = await hubWith(tiny);
    expect(existsSync('packages/cli')).toBe(true);
    const { notes } = await run(['inspect', 'packages/cli']);
    expect(notes).toContain('config.json');
    expect(hub.seen).toEqual([]);
  });

  it.each(['nowhere', 'file:///tmp', '127.0.0.1:80'])('HF_ENDPOINT=%s is refused', async (endpoint) => {
    vi.stubEnv('HF_ENDPOINT', endpoint);
    expect((await run(['download', 'owner/tiny'])).notes).toContain('E_ARGUMENT: HF_ENDPOINT');
  });
});

describe('which weights', () => {
  const index = (...names: string[]): ServedFile => ({
    content: Buffer.from(
      JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [`t${i}`, name])) }),
    ),
  });
  const sorted = (hub: HubServer): string[] =>
    hub
      .contentRequests()
      .map(({ path }) => path.split('/').at(-1)!)
      .sort();

  it('the shards of the index, and no others', async () => {
    const shards = {
      'model-1-of-2.safetensors': weights,
      'model-2-of-2.safetensors': { content: Buffer.from('two'), isLarge: true },
    };
    await using hub = await hubWith({
      'config.json': config,
      'model.safetensors.index.json': index(...Object.keys(shards)),
      ...shards,
      'other.safetensors': weights,
      'pytorch_model.bin': config,
    });
    await snapshot();
    expect(sorted(hub)).toEqual(['config.json', ...Object.keys(shards), 'model.safetensors.index.json']);
  });

  it.each([
    [{ 'config.json': config, 'model.safetensors.index.json': index('model-1.safetensors') }, 'E_IO'],
    [{ 'config.json': config, 'model.safetensors.index.json': index() }, 'E_FORMAT'],
    [{ 'config.json': config, 'model.safetensors.index.json': { content: Buffer.from('[') } }, 'E_FORMAT'],
    [{ 'model.safetensors': weights }, 'E_CONFIG'],
    [{ 'config.json': config }, 'E_CONFIG'],
    [{ 'a.gguf': config, 'b.gguf': config }, 'E_ARGUMENT'],
  ])('%# cannot be opened', async (files, code) => {
    await using _hub = await hubWith(files as Record<string, ServedFile>);
    await expect(snapshot()).rejects.toMatchObject({ code });
  });

  it('PyTorch where there is no safetensors; the one GGUF file, or the one named', async () => {
    {
      await using hub = await hubWith({
        'config.json': config,
        'pytorch_model.bin': weights,
        'a.gguf': weights,
      });
      await snapshot();
      expect(sorted(hub)).toEqual(['config.json', 'pytorch_model.bin']);
    }
    await using hub = await hubWith({
      'a.gguf': weights,
      'b.gguf': { content: Buffer.from('b'), isLarge: true },
    });
    expect((await snapshot('owner/tiny/b.gguf')).path).toBe(
      join(repository(), 'snapshots', commit, 'b.gguf'),
    );
    expect(sorted(hub)).toEqual(['b.gguf']);
    await expect(snapshot('owner/tiny/c.gguf')).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('a.gguf, b.gguf'),
    });
    await rm(repository(), { recursive: true });
    await using _one = await hubWith({ 'only.gguf': weights });
    expect((await snapshot()).path).toMatch(/only\.gguf$/);
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
