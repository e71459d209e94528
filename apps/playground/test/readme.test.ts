import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeWith, requirement } from '@hybra/testing';
import { createGpu } from '@hybra/webgpu-node';
import { build, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import config from '../vite.config.js';
import { chromiumRequirement, launchChromium } from './chromium.js';
import { greedyText, shakespeareFolder } from './shakespeare.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const blocks = [
  ...(await readFile(join(root, 'README.md'), 'utf8')).matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(([, language, text]) => ({ language, text: text! }));

/** The one example of the root README in a language that has a word. */
function example(language: string, word: string): string {
  const found = blocks.filter((block) => block.language === language && block.text.includes(word));
  expect(found.map(({ text }) => text)).toHaveLength(1);
  return found[0]!.text;
}

let folder: string;
beforeAll(async () => {
  // Within the repository, so that names of packages are found.
  folder = await mkdtemp(join(root, 'apps/playground/.readme-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeWith(await chromiumRequirement(), "the README's page", () => {
  test('writes as it stands', async () => {
    const page = join(folder, 'page');
    await mkdir(page);
    await writeFile(join(page, 'index.html'), example('html', '<script type="module">'));
    await cp(shakespeareFolder, join(page, 'public/model'), { recursive: true });
    // What is not there is a 404, as on any plain server, and not the page again.
    const options = {
      root: page,
      configFile: false,
      appType: 'mpa',
      logLevel: 'error',
      resolve: config.resolve!,
    } as const;
    await build({ ...options, build: { target: 'es2022' } });
    const server = await preview({ ...options, preview: { port: 0, host: '127.0.0.1' } });
    const browser = await launchChromium('none');
    try {
      const { port } = server.httpServer.address() as { port: number };
      const opened = await browser.newPage();
      const errors: string[] = [];
      opened.on('pageerror', (error) => errors.push(error.message));
      await opened.goto(`http://127.0.0.1:${port}/`);
      const beginning = (await greedyText()).slice('ROMEO:\n'.length, 40);
      await opened.waitForFunction((text) => document.body.textContent.includes(text), beginning, {
        timeout: 60_000,
      });
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  }, 120_000);
});

const vulkan = await requirement('vulkan', async () =>
  (await createGpu().requestAdapter())
    ? undefined
    : 'Dawn found no adapter: install a Vulkan driver (tooling/vulkan/install.sh)',
);

describeWith(vulkan, "the README's program for WebGPU in Node", () => {
  test('writes as it stands, and Node exits', async () => {
    const program = join(folder, 'program.ts');
    await writeFile(program, example('ts', 'createGpu'));
    const tsx = ['--import', 'tsx', program];
    const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
    const { stdout } = await promisify(execFile)(process.execPath, tsx, { cwd: root, env, timeout: 110_000 });
    expect((await greedyText()).startsWith(`ROMEO:\n${stdout}`)).toBe(true);
    expect(stdout.length).toBeGreaterThan(10);
  }, 120_000);
});
