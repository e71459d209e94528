import { HybraError } from '@hybra/spec';

/** The error of a configuration: `<family> config: <message>`. */
export function configError(
  family: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): HybraError {
  return new HybraError('E_CONFIG', `${family} config: ${message}`, { family, ...details });
}
