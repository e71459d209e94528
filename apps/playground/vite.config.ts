import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

/**
 * Modules of Node with all their names and nothing behind them. `@hybra/train` has parts for files, which the page
 * never calls; they are dropped from the build. To be removed when that package needs no module of Node.
 */
function emptyNodeModules(): Plugin {
  const prefix = '\0empty:';
  return {
    name: 'empty-node-modules',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith('node:') ? `${prefix}${id}` : undefined),
    async load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const module: object = await import(id.slice(prefix.length));
      const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports');
      return names.map((name) => `export const ${name} = undefined;`).join('\n');
    },
  };
}

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
  plugins: [emptyNodeModules()],
  // The model's files stay files: the page reads them by range.
  build: { target: 'es2022', assetsInlineLimit: 0 },
  worker: { format: 'es', plugins: () => [emptyNodeModules()] },
});
