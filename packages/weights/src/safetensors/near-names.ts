/** Bounds the search: a hostile file may hold a million names. */
const mostNames = 2048;
const longestName = 256;

/** At most three of `names` that a few edits turn into `name`, the nearest first. */
export function nearNames(name: string, names: Iterable<string>): string[] {
  if (name.length > longestName) return [];
  const found: { candidate: string; distance: number }[] = [];
  let seen = 0;
  for (const candidate of names) {
    if (++seen > mostNames) break;
    const most = Math.floor(name.length / 3);
    if (candidate.length > longestName || Math.abs(candidate.length - name.length) > most) continue;
    const distance = editDistance(name, candidate);
    if (distance <= most) found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance);
  return found.slice(0, 3).map(({ candidate }) => candidate);
}

/** Levenshtein's distance, by rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
