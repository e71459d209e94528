import type { ConfigReader } from './config-reader.js';

interface Named {
  readonly key: string;
  readonly value: number;
}

/** @throws E_CONFIG unless `divisor` divides `dividend` */
export function requireDivisor(reader: ConfigReader, divisor: Named, dividend: Named): void {
  if (dividend.value % divisor.value === 0) return;
  throw reader.error(`${divisor.key} ${divisor.value} does not divide ${dividend.key} ${dividend.value}.`, {
    keys: [divisor.key, dividend.key],
  });
}
