/**
 * Ctrl-C reaches a program under `npm start` twice: once from the terminal, and once more because npm passes
 * its own copy on. A program that takes the second one for impatience would never end cleanly, so copies
 * that follow within `milliseconds` are dropped. A person is slower than that.
 * @param {NodeJS.Process} target
 * @param {number} [milliseconds]
 */
export function mergeRepeatedInterrupts(target, milliseconds = 150) {
  const emit = target.emit;
  let last = Number.NEGATIVE_INFINITY;
  /** @type {(event: any, ...details: any[]) => boolean} */
  const merged = (event, ...details) => {
    if (event === 'SIGINT') {
      const now = performance.now();
      const isCopy = now - last < milliseconds;
      last = now;
      if (isCopy) return true;
    }
    return /** @type {any} */ (emit).call(target, event, ...details);
  };
  target.emit = /** @type {any} */ (merged);
}
