import type { GenerationTiming } from '@hybra/generate';
import { formatBytes } from '@hybra/tensor';
import type { Session } from './open-session.js';

/** What a generation cost, as data. */
export interface Figures {
  readonly device: string;
  readonly prefillTokens: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokens: number;
  readonly decodeTokensPerSecond: number;
  /** Device memory in use: weights, states, programs. */
  readonly memoryBytes: number;
  /** What the state of this sequence takes. */
  readonly stateBytes: number;
  /** The part of it that does not grow with the tokens. */
  readonly constantStateBytes: number;
}

/** Gathers the figures of a finished generation. */
export function figuresOf(session: Session, timing: GenerationTiming, stateBytes: number): Figures {
  const rate = (tokens: number, seconds: number): number => (seconds > 0 ? tokens / seconds : 0);
  return {
    device: session.device.name,
    prefillTokens: timing.prefillTokens,
    prefillTokensPerSecond: rate(timing.prefillTokens, timing.prefillSeconds),
    decodeTokens: timing.decodeTokens,
    decodeTokensPerSecond: rate(timing.decodeTokens, timing.decodeSeconds),
    memoryBytes: session.device.memoryBytes(),
    stateBytes,
    constantStateBytes: session.runner.runtime.pools.bytesPerSlot.constant,
  };
}

/** `CPU reference | prefill 3 tokens, 120 tok/s | decode 200 tokens, 90.1 tok/s | memory 31 MiB | state 420 KiB (…)` */
export function formatFigures(figures: Figures): string {
  const rate = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const growing = figures.stateBytes - figures.constantStateBytes;
  return [
    figures.device,
    `prefill ${figures.prefillTokens} tokens, ${rate(figures.prefillTokensPerSecond)} tok/s`,
    `decode ${figures.decodeTokens} tokens, ${rate(figures.decodeTokensPerSecond)} tok/s`,
    `memory ${formatBytes(figures.memoryBytes)}`,
    `state ${formatBytes(figures.stateBytes)} (${formatBytes(figures.constantStateBytes)} constant${growing > 0 ? ` + ${formatBytes(growing)} KV cache` : ''})`,
  ].join(' | ');
}
