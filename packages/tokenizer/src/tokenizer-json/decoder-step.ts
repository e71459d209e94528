/**
 * One step of the way from tokens to text, as tokens arrive. The parts it gives, in order, are those that the step
 * would give for the whole list at once, or, after a step that joins everything, pieces of that one text.
 */
export interface DecoderStep {
  /** Takes the next token. @returns parts that are now certain */
  push(token: string): readonly string[];
  /** @returns the parts held back; the step starts anew */
  end(): readonly string[];
}

/** A step that changes each token by itself. */
export function mapStep(change: (token: string) => string): DecoderStep {
  return { push: (token) => [change(token)], end: () => [] };
}

/** A step that changes each token, knowing whether it is the first. */
export function indexedStep(change: (token: string, isFirst: boolean) => string): DecoderStep {
  let isFirst = true;
  return {
    push(token) {
      const text = change(token, isFirst);
      isFirst = false;
      return [text];
    },
    end() {
      isFirst = true;
      return [];
    },
  };
}

/** A step over one text that arrives in pieces: holds all of it back until it ends. */
export function wholeTextStep(step: DecoderStep): DecoderStep {
  let pieces: string[] = [];
  return {
    push(piece) {
      pieces.push(piece);
      return [];
    },
    end() {
      const text = pieces.join('');
      const isEmpty = pieces.length === 0;
      pieces = [];
      return isEmpty ? step.end() : [...step.push(text), ...step.end()];
    },
  };
}

/** Steps one after the other. */
export function chainSteps(steps: readonly DecoderStep[]): DecoderStep {
  const through = (parts: readonly string[], from: number): readonly string[] => {
    let current = parts;
    for (const step of steps.slice(from)) current = current.flatMap((part) => step.push(part));
    return current;
  };
  return {
    push: (token) => through([token], 0),
    end: () => steps.flatMap((step, index) => through(step.end(), index + 1)),
  };
}
