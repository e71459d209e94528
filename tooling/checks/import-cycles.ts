import { posix } from 'node:path';
import type { Member } from '../workspace/members.js';
import { sourceFacts } from '../workspace/source-facts.js';
import type { Check } from './check.js';

type Graph = ReadonlyMap<string, readonly string[]>;

/** The first cycle reachable from `start`, or `undefined`. Depth first; `finished` nodes lead to no cycle. */
function cycleFrom(start: string, graph: Graph, finished: Set<string>): string[] | undefined {
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    const position = path.indexOf(node);
    if (position >= 0) return [...path.slice(position), node];
    if (finished.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    finished.add(node);
    return undefined;
  };
  return visit(start);
}

/** Import cycles between files of one package. Imports of types alone are erased and do not count. */
export function cycleProblems(members: readonly Member[]): string[] {
  return members.flatMap(({ sources }) => {
    const paths = new Set(sources.map((file) => file.path));
    const graph = new Map(
      sources.map((file) => {
        const targets = sourceFacts(file)
          .imports.filter((each) => !each.typeOnly && each.specifier.startsWith('.'))
          .map((each) => posix.join(posix.dirname(file.path), each.specifier).replace(/\.js$/, '.ts'))
          .filter((target) => paths.has(target));
        return [file.path, targets] as const;
      }),
    );
    const finished = new Set<string>();
    for (const path of graph.keys()) {
      const cycle = cycleFrom(path, graph, finished);
      if (cycle) return [`import cycle: ${cycle.join(' → ')}`];
    }
    return [];
  });
}

/** No file imports itself by way of others. */
export const importCycles: Check = {
  name: 'import-cycles',
  demands: 'no import cycle between files (types aside)',
  run: ({ members }) => ({ problems: cycleProblems(members) }),
};
