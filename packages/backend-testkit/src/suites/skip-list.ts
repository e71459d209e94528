/** Why a test is left out, by the test's name or the beginning of its name up to a colon. */
export type SkipReasons = Readonly<Record<string, string>>;

/** Looks tests up in a list of skips, and remembers which entries were of use. */
export interface SkipList {
  /** The reason to skip the test of this name, whose parts are joined by `: `. */
  reasonFor(parts: readonly string[]): string | undefined;
  /** Entries that no test asked for: a typing error, or a test that is gone. */
  unused(): readonly string[];
}

/** A {@link SkipList} over `reasons`. */
export function skipList(reasons: SkipReasons): SkipList {
  const used = new Set<string>();
  return {
    reasonFor(parts) {
      for (let length = parts.length; length > 0; length--) {
        const key = parts.slice(0, length).join(': ');
        const reason = Object.hasOwn(reasons, key) ? reasons[key] : undefined;
        if (reason !== undefined) {
          used.add(key);
          return reason;
        }
      }
      return undefined;
    },
    unused: () => Object.keys(reasons).filter((key) => !used.has(key)),
  };
}
