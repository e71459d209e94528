import { InvalidArgumentError } from 'commander';

/** A finite number. @throws InvalidArgumentError, which commander shows */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number.');
  return value;
}

/** An integer from `low`. */
export function integer(low: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!Number.isSafeInteger(value) || value < low)
      throw new InvalidArgumentError(`expected an integer from ${low}.`);
    return value;
  };
}
