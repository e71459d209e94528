import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the site works in any folder of any server.
  base: './',
  // One page: what is not there is an honest 404, never the page itself.
  appType: 'mpa',
  resolve: {
    // From source, so that neither the server nor the build waits for the packages to be built.
    alias: [{ find: /^@hybra\/([a-z-]+)$/, replacement: `${packages}$1/src/index.ts` }],
  },
  // The model's files stay files: the page reads them by range.
  build: { target: 'es2022', assetsInlineLimit: 0 },
  worker: { format: 'es' },
});
