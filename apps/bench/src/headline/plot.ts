/** `pnpm bench:headline:plot RESULTS.json PAGE.md`: figures beside the page, tables between its marks. */
import { accessSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { figurePage } from './figure-page.js';
import { figuresOf } from './figures.js';
import { readResults } from './headline-results.js';
import { headlineTables } from './headline-tables.js';

const [resultsPath, pagePath] = process.argv.slice(2);
if (resultsPath === undefined || pagePath === undefined) {
  throw new Error('expected the results and the page to put them on: RESULTS.json PAGE.md');
}
const marks = ['<!-- measured: written by pnpm bench:headline:plot -->', '<!-- end -->'] as const;
const results = readResults(resultsPath);
const page = readFileSync(pagePath, 'utf8');
const [from, to] = marks.map((mark) => page.indexOf(mark)) as [number, number];
if (from < 0 || to < from) throw new Error(`${pagePath} has no marks ${marks.join(' and ')}`);
writeFileSync(
  pagePath,
  `${page.slice(0, from + marks[0].length)}\n\n${headlineTables(results)}\n\n${page.slice(to)}`,
);

const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  for (const figure of figuresOf(results)) {
    const view = await browser.newPage({ deviceScaleFactor: 1.5 });
    await view.setContent(figurePage(figure));
    const path = pagePath.replace(/\.md$/, `-${figure.name}.png`);
    await view.locator('#figure').screenshot({ path });
    process.stderr.write(`${path}\n`);
  }
} finally {
  await browser.close();
}

function chromiumPath(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    try {
      accessSync(path);
      return path;
    } catch {}
  }
  throw new Error('no Chromium on the PATH: install the package chromium');
}
