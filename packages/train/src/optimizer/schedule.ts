import { HybraError } from '@hybra/spec';

/** How the learning rate goes over a training. */
export interface ScheduleOptions {
  /**
   * After warm-up: `cosine` and `linear` fall to the end, `wsd` stays and falls linearly over the last part
   * (warm-up, stable, decay: Hu et al. 2024), `constant` stays.
   */
  readonly kind: 'cosine' | 'linear' | 'wsd' | 'constant';
  readonly peak: number;
  readonly steps: number;
  /** Steps of linear warm-up from 0. Default is a tenth of the steps, 100 at most. */
  readonly warmup?: number;
  /** The last learning rate as a share of the peak. Default is 0.1. */
  readonly floor?: number;
  /** Share of the steps that `wsd` falls over. Default is 0.2. */
  readonly decayShare?: number;
}

/**
 * The learning rate of each step.
 * @returns a function of the step, from 1 to `steps`
 * @throws E_ARGUMENT
 */
export function schedule(options: ScheduleOptions): (step: number) => number {
  const { kind, peak, steps, floor = 0.1, decayShare = 0.2 } = options;
  const warmup = options.warmup ?? Math.min(100, Math.floor(steps / 10));
  if (!(peak > 0) || !Number.isInteger(steps) || steps < 1 || !(warmup >= 0) || !(floor >= 0 && floor <= 1)) {
    throw new HybraError(
      'E_ARGUMENT',
      `schedule: peak ${peak}, steps ${steps}, warm-up ${warmup}, floor ${floor}; expected a peak above 0, at least 1 step, a warm-up from 0 and a floor from 0 to 1.`,
      { peak, steps, warmup, floor },
    );
  }
  const lowest = peak * floor;
  const fall = (share: number): number => lowest + (peak - lowest) * share;
  return (step) => {
    if (step <= warmup) return (peak * step) / Math.max(warmup, 1);
    const progress = Math.min(1, (step - warmup) / Math.max(steps - warmup, 1));
    switch (kind) {
      case 'cosine':
        return fall(0.5 * (1 + Math.cos(Math.PI * progress)));
      case 'linear':
        return fall(1 - progress);
      case 'wsd':
        return fall(Math.min(1, (1 - progress) / decayShare));
      case 'constant':
        return peak;
    }
  };
}
