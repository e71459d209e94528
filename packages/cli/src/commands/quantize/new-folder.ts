import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { HybraError } from '@hybra/spec';

/**
 * Fills a folder that appears only when it is complete: under another name beside it, then renamed.
 * @throws E_ARGUMENT if there is something at `path` already, E_IO, and what `fill` throws
 */
export async function newFolder(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  if (await exists(path)) {
    throw new HybraError('E_ARGUMENT', `${path} exists already. Name a folder that does not.`, { path });
  }
  const temporary = `${path.replace(/[/\\]+$/, '')}.${crypto.randomUUID().slice(0, 8)}.temporary`;
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw isSystemError(error)
      ? new HybraError('E_IO', `writing ${path}: ${error.message}.`, { path }, { cause: error })
      : error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && typeof (error as { syscall?: unknown }).syscall === 'string';
}
