import { halfFunctions } from './halves.js';
import { mathFunctions } from './math.js';
import { philoxFunctions } from './philox.js';

const functions: Readonly<Record<string, string>> = {
  ...halfFunctions,
  ...mathFunctions,
  ...philoxFunctions,
};

/** The library functions that `code` calls, with those that they call, as WGSL. */
export function libraryFor(code: string): string {
  const needed = new Set<string>();
  const visit = (text: string): void => {
    for (const [, name] of text.matchAll(/\b([a-z][a-z0-9_]*)\(/g)) {
      const source = Object.hasOwn(functions, name!) ? functions[name!]! : undefined;
      if (source === undefined || needed.has(name!)) continue;
      needed.add(name!);
      visit(source);
    }
  };
  visit(code);
  return Object.keys(functions)
    .filter((name) => needed.has(name))
    .map((name) => functions[name]!)
    .join('\n');
}
