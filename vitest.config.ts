import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './tooling/testing/summary-reporter.js';

const packages = fileURLToPath(new URL('./packages/', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run from source, so that a change needs no build.
    alias: [
      { find: /^@hybra\/((?!build|tsconfig|testing)[a-z-]+)$/, replacement: `${packages}$1/src/index.ts` },
      { find: /^hybra$/, replacement: `${packages}cli/src/index.ts` },
    ],
  },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'apps/*/**/*.test.ts',
      'examples/*/**/*.test.ts',
      'tooling/*/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    reporters: ['default', new SummaryReporter()],
    testTimeout: 60_000,
  },
});
