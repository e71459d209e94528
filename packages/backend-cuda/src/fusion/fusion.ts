import type { Launch } from '../launch/launch.js';

/** Calls of a program and the launches that replace them. */
export interface Fusion {
  readonly members: readonly number[];
  /** In whose place they run. Default is the last member's. */
  readonly at?: number;
  readonly launches: readonly Launch[];
}
