const longest = 120;

/** A name from a file as messages show it: quoted, control characters escaped, at most 120 characters. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > longest ? `${name.slice(0, longest)}…` : name);
}
