/** What a `Content-Range` header says: bytes `first … last` of `total`; `total` undefined where it says `*`. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

/** Reads `bytes 0-99/1234` (RFC 9110, section 14.4); undefined if it is anything else or contradicts itself. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === '*' ? undefined : Number(match[3]);
  const isOrdered = first <= last && (total === undefined || last < total);
  if (!isOrdered || !Number.isSafeInteger(last) || (total !== undefined && !Number.isSafeInteger(total))) {
    return undefined;
  }
  return { first, last, total };
}
