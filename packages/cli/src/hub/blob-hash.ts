import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { HubFile } from './list-hub-files.js';

/**
 * The hash of a file on the disk in the way of `like`: sha256 of the content, or git's id of a blob, which is the sha1
 * of `blob SIZE\0` and the content (git, "Git Internals: Git Objects").
 * @returns hexadecimal digits
 */
export async function blobHash(path: string, like: HubFile, signal: AbortSignal): Promise<string> {
  const hash = createHash(like.hash.kind === 'sha256' ? 'sha256' : 'sha1');
  if (like.hash.kind === 'git') hash.update(`blob ${like.size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(chunk);
  return hash.digest('hex');
}
