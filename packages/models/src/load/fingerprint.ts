import { sha256Hex } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';

const wholeUpTo = 2 ** 20;
const blocks = 64;
const blockBytes = 4096;

/**
 * SHA-256 of one tensor as it is stored: of all bytes up to 1 MiB, else of its length and 64 blocks of 4 KiB
 * spread evenly, so that a large model is told from another without hashing gigabytes.
 */
export function tensorDigest(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength <= wholeUpTo) return sha256Hex(bytes);
  const sample = new Uint8Array(blocks * blockBytes + 8);
  const stride = (bytes.byteLength - blockBytes) / (blocks - 1);
  for (let block = 0; block < blocks; block++) {
    const start = Math.floor(block * stride);
    sample.set(bytes.subarray(start, start + blockBytes), block * blockBytes);
  }
  new DataView(sample.buffer).setFloat64(blocks * blockBytes, bytes.byteLength, true);
  return sha256Hex(sample);
}

/** SHA-256 that tells a model from others: over its configuration and the digests of its tensors. */
export function modelFingerprint(
  config: HybridConfig,
  digests: readonly (readonly [parameter: string, digest: string])[],
): Promise<string> {
  const text = JSON.stringify([config, digests], (_, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? 'Infinity' : value,
  );
  return sha256Hex(new TextEncoder().encode(text));
}
