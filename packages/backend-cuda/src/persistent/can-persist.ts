import type { FoundDevice } from '../driver/find-devices.js';
import { persistentSharedBytes } from './plan-persistent.js';

/** The first driver that takes more than 4 KiB of kernel parameters, which is where the list of steps is. */
const leastDriver = 12_010;
/** Bulk copies to shared memory begin with Hopper. */
const leastCapability = 9;

/** Whether a GPU and its driver can run native/persistent.cu. */
export function canPersist({ capability, driverVersion, sharedBytesPerBlock }: FoundDevice): boolean {
  return (
    capability >= leastCapability &&
    driverVersion >= leastDriver &&
    // Beside what the kernel has anyway.
    sharedBytesPerBlock >= persistentSharedBytes + 4 * 1024
  );
}
