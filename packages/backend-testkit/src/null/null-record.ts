import type { DeviceBuffer, Program } from '@hybra/spec';

/** One thing that was enqueued on a null device. */
export type NullEvent =
  | {
      readonly kind: 'write';
      readonly buffer: DeviceBuffer;
      readonly byteOffset: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: 'copy';
      readonly from: DeviceBuffer;
      readonly fromOffset: number;
      readonly to: DeviceBuffer;
      readonly toOffset: number;
      readonly byteLength: number;
    }
  | { readonly kind: 'run'; readonly program: Program; readonly bindings: readonly DeviceBuffer[] };

/** What a null device was asked for. */
export interface NullRecord {
  /** Programs in the order in which they were compiled. */
  readonly programs: readonly Program[];
  /** Writes, copies and runs in the order in which they were enqueued. */
  readonly events: readonly NullEvent[];
  /** Buffers allocated so far, disposed ones included. */
  readonly allocations: number;
}
