import { launchChromium } from './chromium.js';
import { openSite } from './site.js';

const site = await openSite();
console.log('gzip', JSON.stringify(await site.gzipBytes()));
const browser = await launchChromium('none');
const out = '/tmp/shots';
for (const [name, options] of Object.entries({
  light: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
})) {
  if (process.argv[2] && !process.argv[2].split(',').includes(name)) continue;
  const page = await (await browser.newContext(options)).newPage();
  page.on('console', (m) => m.type() === 'error' && console.log('console', m.text()));
  page.on('pageerror', (e) => console.log('pageerror', e.message));
  page.setDefaultTimeout(90_000);
  await page.goto(site.url);
  await page.getByText('Or train a small one here').click();
  await page.getByText('The phone book').click();
  await page.screenshot({ path: `${out}/${name}-start.png`, fullPage: true });
  await page.getByLabel('Steps').fill('60');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('After step 25').waitFor();
  await page.screenshot({ path: `${out}/${name}-training.png`, fullPage: true });
  await page.getByRole('button', { name: 'Stop here' }).click();
  await page.getByLabel('Beginning of the text').waitFor();
  await page.getByRole('button', { name: 'Write' }).click();
  await page.getByText('Paused at the token limit').waitFor();
  await page.getByText('Look inside: gates and attention').click();
  await page.locator('.attention-map').waitFor();
  await page.screenshot({ path: `${out}/${name}-phonebook.png`, fullPage: true });
  await page.reload();
  await page.getByRole('button', { name: 'Open the bundled model' }).click();
  await page.getByLabel('Beginning of the text').waitFor();
  await page.getByText('Sampling', { exact: true }).click();
  await page.getByLabel('Max tokens').fill('60');
  await page.getByText('Sampling', { exact: true }).click();
  await page.getByRole('button', { name: 'Write' }).click();
  await page.getByText('Paused at the token limit').waitFor();
  await page.getByText('Look inside: gates and attention').click();
  await page.locator('.attention-map').waitFor();
  await page.locator('.token').nth(40).click();
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${out}/${name}-inside.png`, fullPage: true });
  console.log(name, 'width', await page.evaluate(() => document.documentElement.scrollWidth));
  await page.getByText('Speaking').click();
  await page.waitForTimeout(300);
  await page.locator('.inside').screenshot({ path: `${out}/${name}-speaking.png` });
}
await browser.close();
await site[Symbol.asyncDispose]();
process.exit(0);
