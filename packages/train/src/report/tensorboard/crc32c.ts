/** CRC-32C (Castagnoli; RFC 3720, appendix B.4), as TFRecord files have it. @returns u32 */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0); // the polynomial, lowest bit first
    }
  }
  return ~remainder >>> 0;
}
