import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';

/** What both browsers and workers have and our packages may use. Nothing of Node. */
const webGlobals = [
  'AbortController',
  'AbortSignal',
  'Blob',
  'DOMException',
  'DecompressionStream',
  'Event',
  'EventTarget',
  'File',
  'Headers',
  'MessageChannel',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'TransformStream',
  'URL',
  'URLSearchParams',
  'WebAssembly',
  'atob',
  'btoa',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'performance',
  'queueMicrotask',
  'setTimeout',
  'structuredClone',
] as const;

/** A bundle as one script. */
export interface Bundle {
  readonly code: string;
}

/**
 * Bundles packages as a bundler for browsers does. The script leaves their namespaces in `entries`.
 * @throws if anything imports a module of Node, or cannot be resolved
 */
export async function bundleForBrowser(folder: string, names: readonly string[]): Promise<Bundle> {
  const imports = names.map((name, index) => `import * as entry${index} from ${JSON.stringify(name)};`);
  const list = names.map((_, index) => `entry${index}`).join(', ');
  const result = await build({
    stdin: { contents: `${imports.join('\n')}\nexport const all = [${list}];`, resolveDir: folder },
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'entries',
    target: 'es2022',
    logLevel: 'silent',
  });
  return { code: result.outputFiles[0]!.text };
}

/**
 * Runs a bundle where only web globals exist.
 * @returns the number of exports of each package
 * @throws what the bundle throws, such as a ReferenceError for `Buffer` or `process`
 */
export function runWithWebGlobals(code: string, count: number): readonly number[] {
  const context = createContext(
    Object.fromEntries(webGlobals.map((name) => [name, (globalThis as Record<string, unknown>)[name]])),
  );
  runInContext('globalThis.self = globalThis', context);
  runInContext(code, context);
  const sizes = runInContext('entries.all.map((entry) => Object.keys(entry).length)', context) as number[];
  if (sizes.length !== count || sizes.some((size) => size === 0)) {
    throw new Error(`the bundle exports nothing from a package: ${sizes.join(', ')} exports`);
  }
  return sizes;
}
