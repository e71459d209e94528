import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultModel } from 'hybra';
import { describe, expect, it, vi } from 'vitest';
import { parseHubName } from '../src/hub/hub-name.js';
import { run } from './captured-terminal.js';
import {
  blob,
  config,
  expectWeights,
  hubWith,
  isolate,
  partial,
  repository,
  sha256,
  snapshot,
  tiny,
  weights,
} from './hub-fixture.js';
import {
  commit,
  cutAfter,
  gitHash,
  type HubServer,
  type ServedFile,
  sendContent,
  startHub,
} from './hub-server.js';

isolate();

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

  it('a listing that goes on at another origin does not take the token there', async () => {
    vi.stubEnv('HF_TOKEN', 'secret-token');
    await using other = await startHub({});
    other.answer = (_, response) => !!response.end('[]');
    await using _hub = await hubWith(tiny, (request, response) => {
      if (request.url!.includes('/tree/')) response.setHeader('link', `<${other.address}/next>; rel="next"`);
      return false;
    });
    await snapshot();
    expect(other.seen).toEqual([{ path: '/next', range: undefined, authorization: undefined }]);
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
