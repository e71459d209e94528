import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Requirement, requirement } from '@hybra/testing';
import { type Browser, chromium as playwright } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function executable(): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter);
  const candidates = names.flatMap((name) => paths.map((path) => join(path, name)));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asks for a Chromium on the PATH. */
export function chromiumRequirement(): Promise<Requirement> {
  return requirement('chromium', () =>
    executable() ? undefined : 'no Chromium on the PATH; install the package chromium',
  );
}

const graphics = {
  none: ['--disable-gpu'],
  // WebGPU on the software driver that Chromium brings along.
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
} as const;

/** Starts Chromium without a window, with a profile of its own and without traffic of its own. */
export function launchChromium(gpu: keyof typeof graphics): Promise<Browser> {
  return playwright.launch({
    executablePath: executable()!,
    args: [
      '--headless',
      '--no-sandbox',
      ...graphics[gpu],
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
