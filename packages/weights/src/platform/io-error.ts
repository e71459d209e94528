import { HybraError } from '@hybra/spec';

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space or choose a folder on another disk.',
  EDQUOT: 'The disk quota is used up: free some space or choose a folder on another disk.',
  EACCES: 'Permission denied: check the permissions of the file and its folders, or run as its owner.',
  EPERM: 'Operation not permitted: check the permissions of the file and its folders.',
  EROFS: 'The file system is read-only: choose another folder.',
  ENOENT: 'No such file or folder: check the path.',
  ENOTDIR: 'A part of the path is not a folder: check the path.',
  EISDIR: 'This is a folder, a file was expected: check the path.',
  EMFILE: 'Too many open files: close some, or raise the limit (ulimit -n).',
  ENFILE: 'Too many open files on this machine: close some.',
  EIO: 'The device reports an error: check the disk.',
};

/** The system's code of a failure, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** `E_IO` around a failure of the system: says what was done, the system's code and the way out; keeps the cause. */
export function ioError(error: unknown, what: string): HybraError {
  if (HybraError.isInstance(error)) return error;
  const code = systemCode(error);
  const remedy = code === undefined ? undefined : remedies[code];
  const reason = remedy ?? (error instanceof Error ? error.message : String(error));
  return new HybraError(
    'E_IO',
    `${what}: ${code ? `${code}. ` : ''}${reason}`,
    { what, systemCode: code },
    {
      cause: error,
    },
  );
}
