import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@hybra/testing';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpointServer } from './checkpoint-server.js';
import { chromiumRequirement, launchChromium } from './chromium.js';
import { greedyText, shakespeareFolder } from './shakespeare.js';
import { openSite, type Site } from './site.js';

const megabyte = 1e6;
/** Files that a checkpoint need not have. A browser logs each that a server does not have. */
const mayBeMissing =
  /\/models\/shakespeare\/(?:tokenizer\.model|.*spm.*|.*sentencepiece.*|chat_template.*|tokenizer_config\.json|special_tokens_map\.json|model\.safetensors\.index\.json)$/;

describeWith(await chromiumRequirement(), 'the playground in Chromium', () => {
  let site: Site;
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hybra-dropped-'));
    [site, browser] = await Promise.all([openSite(), launchChromium('none')]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens the page in a fresh profile; whatever it logs as an error fails the test. */
  async function onPage(
    options: BrowserContextOptions,
    use: (page: Page) => Promise<void>,
    from: Browser = browser,
  ): Promise<void> {
    const context = await from.newContext(options);
    const errors: string[] = [];
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000); // Other work may share the machine.
      page.on('console', (message) => {
        const isExpected = mayBeMissing.test(message.location().url) && message.text().includes('404');
        if (message.type() === 'error' && !isExpected) errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(site.url);
      await use(page);
      expect(errors).toEqual([]);
    } finally {
      await context.close();
    }
  }

  async function openBundled(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Open the bundled model' }).click();
    await page.getByLabel('Beginning of the text').waitFor();
  }

  async function setSampling(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
    await page.getByText('Sampling', { exact: true }).click();
    for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value);
  }

  async function untilWritten(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
  }

  const story = (page: Page): Promise<string> =>
    page
      .locator('.token')
      .allTextContents()
      .then((texts) => texts.join(''));

  /** Drops paths of this machine onto the page, as a person drags them from a file manager. */
  async function drop(page: Page, paths: readonly string[]): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    const data = { items: [], files: [...paths], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await devtools.send('Input.dispatchDragEvent', { type, x: 200, y: 400, data });
    }
  }

  test('weighs less than 400 kB without the model', async () => {
    const { bytes, budgetBytes } = await site.gzipBytes();
    console.log(`playground: ${bytes} bytes gzipped, budget ${budgetBytes}`);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(budgetBytes);
    expect(budgetBytes).toBeLessThanOrEqual(0.4 * megabyte);
  });

  test('a broken file is explained, and another model can be chosen', async () => {
    await cp(shakespeareFolder, join(folder, 'broken'), { recursive: true });
    const weights = await readFile(join(shakespeareFolder, 'model.safetensors'));
    await writeFile(join(folder, 'broken/model.safetensors'), weights.subarray(0, 5 * megabyte));
    await onPage({}, async (page) => {
      await drop(page, [join(folder, 'broken')]);
      const alert = page.getByRole('alert');
      await alert.getByText('A file is broken').waitFor();
      expect(await alert.textContent()).toContain('E_FORMAT');
      expect(await alert.textContent()).toContain('model.safetensors');
      await alert.getByRole('button', { name: 'Dismiss' }).click();
      await openBundled(page);
    });
  });

  test('a URL without a model is explained', async () => {
    await onPage({}, async (page) => {
      // Not asked for over the network: what a browser logs about a missing file is not ours to silence.
      await page.getByLabel('The folder of a checkpoint').fill('ftp://example.org/model');
      await page.getByRole('button', { name: 'Open', exact: true }).click();
      await page.getByRole('alert').getByText('That does not work').waitFor();
    });
  });

  test('writes the golden text, branches at a token and goes back', async () => {
    const golden = await greedyText();
    await onPage({}, async (page) => {
      await openBundled(page);
      // Chromium without a GPU: the page says that it runs on the CPU, and why.
      await page
        .getByRole('note')
        .getByText(/^WebGPU .* Running on the CPU reference/)
        .waitFor();
      await setSampling(page, { Temperature: '0', 'Max tokens': '60' });
      await page.getByLabel('Beginning of the text').press('Control+Enter');
      await untilWritten(page);
      const whole = await story(page);
      expect(whole.length).toBeGreaterThan(120);
      expect(golden.startsWith(whole)).toBe(true);
      expect(await page.locator('.memory').textContent()).toMatch(
        /recurrent state of 678 KiB.*grows by 512 B/,
      );

      // By keyboard: to the 21st token, and open it.
      await page.getByRole('listbox').focus();
      await page.keyboard.press('Home');
      for (let down = 0; down < 2; down++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      const before = (await page.locator('.token').allTextContents()).slice(0, 21).join('');
      const others = page.locator('.alternatives li:not(.came) button');
      await others.first().click();
      await untilWritten(page);
      const branched = await story(page);
      expect(branched.startsWith(before)).toBe(true);
      expect(golden.startsWith(branched)).toBe(false);

      await page.getByRole('button', { name: 'Main' }).click();
      await expect.poll(() => story(page), { timeout: 20_000 }).toBe(whole);
      await page.locator('.token').nth(20).click();
      await page.getByRole('button', { name: 'Go back to here' }).click();
      await expect.poll(() => story(page), { timeout: 20_000 }).toBe(before);
      await page.getByRole('button', { name: 'Continue' }).click();
      await untilWritten(page);
      const again = await story(page);
      expect(again.length).toBeGreaterThan(before.length + 60);
      expect(golden.startsWith(again)).toBe(true);
    });
  });

  test('a dropped folder opens; a text is stopped with Esc and keeps its tokens', async () => {
    await onPage({ colorScheme: 'dark' }, async (page) => {
      await drop(page, [shakespeareFolder]);
      await page.getByLabel('Beginning of the text').waitFor();
      await setSampling(page, { 'Max tokens': '3000' });
      await page.getByRole('button', { name: 'Write' }).click();
      await page.locator('.token').nth(12).waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('Stopped.').waitFor();
      expect((await story(page)).startsWith('ROMEO:\n')).toBe(true);
    });
  });

  test('trains twenty steps on a text, the loss falls, and the model writes', async () => {
    await onPage({}, async (page) => {
      await page.getByText('Or train a small one here').click();
      await page.getByLabel('Steps').fill('20');
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.getByLabel('Beginning of the text').waitFor({ timeout: 60_000 });
      const caption = await page.locator('.loss figcaption').textContent();
      const [, last, first] = caption!.match(/Step 20 of 20: ([\d.]+) nats per byte, from ([\d.]+)/)!;
      // A model that knows nothing gives every byte the same chance: ln 256 = 5.545 nats.
      expect(Number(first)).toBeCloseTo(Math.log(256), 0);
      expect(Number(last)).toBeLessThan(Number(first) - 1);
      await setSampling(page, { 'Max tokens': '8' });
      await page.getByRole('button', { name: 'Write' }).click();
      await untilWritten(page);
      expect(await story(page)).toMatch(/^Shall I compare thee./);
      expect(await page.locator('.token').count()).toBe(28);
    });
  });

  test('a phone book: the page answers while it trains, and what was learnt so far can be asked', async () => {
    await onPage({}, async (page) => {
      await page.getByText('Or train a small one here').click();
      await page.getByText('The phone book').click();
      expect(await page.getByLabel('Text to learn').isVisible()).toBe(false);
      await page.getByLabel('Steps').fill('9000');
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.getByText(/Step \d+ of 9000: .* nats per digit.*\d\s% of the numbers are right/).waitFor();
      // A frame comes at once: the training is in the worker.
      const wait = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const asked = performance.now();
            requestAnimationFrame(() => resolve(performance.now() - asked));
          }),
      );
      expect(wait).toBeLessThan(1000);
      await page.getByRole('button', { name: 'Stop here and use it' }).click();
      await page.getByText(/The book says \d\d/).waitFor();
      await page.getByRole('button', { name: 'Write' }).click();
      // Two tokens: over before one could see the button that stops them.
      await page.getByText('Paused at the token limit').waitFor();
      expect(await story(page)).toMatch(/\? \w+ \w+: \d\d$/);
    });
  }, 150_000);

  test('a URL opens by range and writes the golden text', async () => {
    const golden = await greedyText();
    await using server = await openCheckpointServer(shakespeareFolder);
    await onPage({}, async (page) => {
      await page.getByLabel('The folder of a checkpoint').fill(server.url);
      await page.getByRole('button', { name: 'Open', exact: true }).click();
      await page.getByLabel('Beginning of the text').waitFor();
      await setSampling(page, { Temperature: '0', 'Max tokens': '12' });
      await page.getByRole('button', { name: 'Write' }).click();
      await untilWritten(page);
      expect(golden.startsWith(await story(page))).toBe(true);
      expect(await page.locator('.token').count()).toBe(15);
    });
    const weights = server.requests.filter(({ name }) => name === 'model.safetensors');
    expect(weights.length).toBeGreaterThan(10);
    expect(weights.every(({ range }) => range !== undefined)).toBe(true);
    const size = (await readFile(join(shakespeareFolder, 'model.safetensors'))).length;
    expect(Math.max(...weights.map(({ bytes }) => bytes))).toBeLessThan(size / 2);
  });

  test('looks inside: gates and attention, by keyboard, and again when the text went on', async () => {
    await onPage({ reducedMotion: 'reduce' }, async (page) => {
      await openBundled(page);
      await setSampling(page, { Temperature: '0', 'Max tokens': '12' });
      const summary = page.getByText('Look inside: gates and attention');
      await summary.press('Enter');
      await page.getByText('Write something first').waitFor();
      await page.getByRole('button', { name: 'Write' }).click();
      await page.getByText('What the layers did with all 15 tokens').waitFor();
      const slider = page.getByLabel('Token', { exact: true });
      await slider.press('Home');
      expect(await slider.getAttribute('aria-valuetext')).toMatch(/^1, /);
      // The first token can look at nothing but itself.
      const sentence = page.locator('.attention-sentence');
      expect(await sentence.textContent()).toMatch(/^‘(.+)’ looks at ‘\1’ 100\u00a0%$/);
      await page.getByLabel('Head').selectOption('2');
      expect(await page.locator('.inside .layer-picture').count()).toBe(5);
      for (const measure of ['Writing', 'Speaking', 'Forgetting']) {
        await page.locator('.inside').getByText(measure, { exact: true }).click();
        expect(await page.getByRole('radio', { name: measure }).isChecked()).toBe(true);
        const painted = await page
          .locator('.inside .layer-picture')
          .first()
          .evaluate(async (picture) => {
            await new Promise((resolve) => requestAnimationFrame(resolve));
            const { width, height } = picture as HTMLCanvasElement;
            const pixels = (picture as HTMLCanvasElement)
              .getContext('2d')!
              .getImageData(0, 0, width, height).data;
            return { width, height, colours: new Set(pixels.filter((_, at) => at % 4 === 3)).size };
          });
        expect(painted).toMatchObject({ width: 15, height: 16 });
        expect(painted.colours).toBeGreaterThan(20);
      }
      // A token chosen in the text is the one that is read.
      await page.locator('.token').nth(5).click();
      expect(await slider.getAttribute('aria-valuetext')).toMatch(/^6, /);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('What the layers did with all 27 tokens').waitFor();
    });
  });

  test('a value out of range is pointed out before anything runs', async () => {
    await onPage({}, async (page) => {
      await openBundled(page);
      await setSampling(page, { 'Top-p': '1.5' });
      await page.getByRole('button', { name: 'Write' }).click();
      expect(await page.getByLabel('Top-p').evaluate((input) => input.matches(':invalid'))).toBe(true);
      expect(await page.locator('.token').count()).toBe(0);
    });
  });

  test('a conversation on a phone fits its width', async () => {
    const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
    await onPage(phone, async (page) => {
      await openBundled(page);
      await setSampling(page, { Temperature: '0', 'Max tokens': '24' });
      await page.getByText('Chat', { exact: true }).click();
      await page.getByLabel('Your message').fill('JULIET:\nWherefore art thou Romeo?');
      await page.getByRole('button', { name: 'Send' }).click();
      await untilWritten(page);
      expect((await page.locator('.message.assistant').textContent())!.length).toBeGreaterThan(10);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
      await page.getByText('Complete', { exact: true }).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    });
  });

  test('on WebGPU the golden text begins the same; a lost device is told and opened again', async () => {
    const golden = await greedyText();
    const withGpu = await launchChromium('software');
    try {
      await onPage(
        {},
        async (page) => {
          await page.getByLabel('Run it on').selectOption('webgpu');
          await openBundled(page);
          await page.getByText('software driver').waitFor();
          await setSampling(page, { Temperature: '0', 'Max tokens': '3' });
          await page.getByRole('button', { name: 'Write' }).click();
          await untilWritten(page);
          expect(await page.locator('.token').count()).toBe(6);
          expect(golden.startsWith(await story(page))).toBe(true);

          await (await withGpu.newBrowserCDPSession()).send('Browser.crashGpuProcess');
          await page.getByRole('button', { name: 'Continue' }).click();
          await page.getByRole('alert').getByText('E_DEVICE_LOST').waitFor();
          await page.getByRole('button', { name: 'Open it again' }).click();
          await page.getByText('What the model writes appears here').waitFor();
        },
        withGpu,
      );
    } finally {
      await withGpu.close();
    }
  }, 120_000);
});
