import { type Capabilities, HybraError } from '@hybra/spec';
import type { VirtualBuffer } from './virtual-buffers.js';

/** Memory that must be live during calls `firstUse` … `lastUse`. */
export interface ArenaRequest {
  readonly byteLength: number;
  readonly firstUse: number;
  readonly lastUse: number;
  readonly buffer: VirtualBuffer;
}

/** Where each request lies. */
export interface ArenaPlan {
  readonly segments: readonly number[];
  readonly places: ReadonlyMap<VirtualBuffer, { readonly segment: number; readonly byteOffset: number }>;
}

interface Placed extends ArenaRequest {
  readonly byteOffset: number;
}

/**
 * Packs buffers into segments, largest first, each into the lowest gap that is free during its life
 * ("greedy by size": Pisarchyk & Lee 2020, arXiv 2001.03288).
 * @param conflicts pairs that may not share a segment, where a device cannot read and write one in one call
 * @throws E_OUT_OF_MEMORY when a single buffer passes the device's largest binding
 */
export function placeArena(
  requests: readonly ArenaRequest[],
  capabilities: Capabilities,
  conflicts: ReadonlyMap<VirtualBuffer, ReadonlySet<VirtualBuffer>>,
): ArenaPlan {
  const { alignment, largestBinding } = capabilities;
  const segments: { readonly placed: Placed[]; byteLength: number }[] = [];
  const places = new Map<VirtualBuffer, { segment: number; byteOffset: number }>();
  const ordered = requests
    .map((request, index) => ({ request, index }))
    .sort((a, b) => b.request.byteLength - a.request.byteLength || a.index - b.index);
  for (const { request } of ordered) {
    const byteLength = Math.max(alignment, Math.ceil(request.byteLength / alignment) * alignment);
    if (byteLength > largestBinding) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `an intermediate of ${byteLength} bytes passes the device's largest buffer of ${largestBinding} bytes. Use a smaller batch or shorter chunks.`,
        { byteLength, largestBinding },
      );
    }
    const enemies = conflicts.get(request.buffer);
    let done = false;
    for (let segment = 0; !done; segment++) {
      segments[segment] ??= { placed: [], byteLength: 0 };
      const { placed } = segments[segment]!;
      if (enemies && placed.some((other) => enemies.has(other.buffer))) continue;
      const byteOffset = lowestGap(placed, request, byteLength);
      if (byteOffset + byteLength > largestBinding) continue;
      placed.push({ ...request, byteLength, byteOffset });
      segments[segment]!.byteLength = Math.max(segments[segment]!.byteLength, byteOffset + byteLength);
      places.set(request.buffer, { segment, byteOffset });
      done = true;
    }
  }
  return { segments: segments.map((segment) => segment.byteLength), places };
}

function lowestGap(placed: readonly Placed[], request: ArenaRequest, byteLength: number): number {
  const living = placed
    .filter((other) => other.firstUse <= request.lastUse && request.firstUse <= other.lastUse)
    .sort((a, b) => a.byteOffset - b.byteOffset);
  let offset = 0;
  for (const other of living) {
    if (other.byteOffset - offset >= byteLength) return offset;
    offset = Math.max(offset, other.byteOffset + other.byteLength);
  }
  return offset;
}
