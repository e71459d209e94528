import { parameterCount } from '@hybra/models';
import type { Plan } from './plan.js';

/**
 * Seconds per token, measured on an H200: models of 0.1M parameters are bound by launches, at 3 million tokens a second
 * of several processes side by side; those of 5M take 0.4 million.
 */
const secondsPerToken = 3.3e-7;
const secondsPerTokenAndParameter = 4.3e-13;

/** GPU minutes that a plan takes: an order of magnitude. */
export function estimateGpuMinutes({ protocol, comparisons }: Plan): number {
  const { steps, learningRates, seeds } = protocol;
  let seconds = 0;
  for (const { models, task } of comparisons) {
    const tokens = task(1).batchAt(0).ids.length * steps * (learningRates.length + seeds - 1);
    for (const config of Object.values(models)) {
      seconds += tokens * (secondsPerToken + secondsPerTokenAndParameter * parameterCount(config));
    }
  }
  return seconds / 60;
}
