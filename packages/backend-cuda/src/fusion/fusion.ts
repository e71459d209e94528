import type { Launch } from '../launch/launch.js';

/** Calls of a program and the launches that replace them, in the place of the last. */
export interface Fusion {
  readonly members: readonly number[];
  readonly launches: readonly Launch[];
}
