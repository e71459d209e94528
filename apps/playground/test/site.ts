import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, preview } from 'vite';

const budgetFile = new URL('../budget.json', import.meta.url);
const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url));

/** The playground as it is published, built and served. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  /** Bytes of what a browser loads before a model is chosen, compressed, and what they may be. */
  gzipBytes(): Promise<{ readonly bytes: number; readonly budgetBytes: number }>;
}

/** Builds the playground into a folder of its own and serves that on a free port. */
export async function openSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'hybra-playground-'));
  const outDir = join(folder, 'site');
  await build({ configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const server = await preview({
    configFile,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('the preview has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async gzipBytes() {
      const files = (await readdir(outDir, { recursive: true })).filter((name) =>
        /\.(?:js|css|html)$/.test(name),
      );
      const sizes = await Promise.all(
        files.map(async (name) => gzipSync(await readFile(join(outDir, name))).byteLength),
      );
      const { gzipBytes: budgetBytes } = JSON.parse(await readFile(budgetFile, 'utf8')) as {
        gzipBytes: number;
      };
      return { bytes: sizes.reduce((sum, size) => sum + size, 0), budgetBytes };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
