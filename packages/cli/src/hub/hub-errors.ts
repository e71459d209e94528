import { HybraError } from '@hybra/spec';

const withoutNetwork =
  'Models in the cache open with HF_HUB_OFFLINE=1, and a folder or .gguf file given by its path needs no network.';

/** `E_IO` for a hub that does not answer, or stops answering; `details.isUnreachable` is true. */
export function unreachable(what: string, address: string, cause: unknown): HybraError {
  // The platform's own message, "fetch failed", has its reason below it.
  const innermost = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = codeOf(cause) ?? (innermost instanceof Error ? innermost.message : String(innermost));
  return new HybraError(
    'E_IO',
    `${what}: ${new URL(address).origin} cannot be reached (${reason}). Check the connection and HF_ENDPOINT, then run the command again: it continues where it stopped. ${withoutNetwork}`,
    { what, address, isUnreachable: true },
    { cause },
  );
}

/** `E_IO` for a refusal of the hub, by its status, with what to do about it. */
export function refused(what: string, status: number, cause?: unknown): HybraError {
  return new HybraError(
    'E_IO',
    `${what}: the hub answers ${status}. ${remedyOf(status)}`,
    { what, status, isUnreachable: isTransient(status) },
    { cause },
  );
}

/** Whether the same request may succeed a little later. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function remedyOf(status: number): string {
  switch (status) {
    case 401:
      return 'The model is private, or there is none of this name. Check the name; for a private model set HF_TOKEN to a token that may read it.';
    case 403:
      return "Its owner wants terms accepted first, or the token lacks the right to read it. Accept them on the model's page and set HF_TOKEN to a token of that account.";
    case 404:
      return 'There is no such model, revision or file. Check the name (owner/name@revision).';
    case 429:
      return 'Too many requests: wait a while, or set HF_TOKEN.';
    default:
      return status >= 500 ? `Try again later. ${withoutNetwork}` : 'Check HF_ENDPOINT.';
  }
}

/** `E_FORMAT` for an answer that contradicts itself or what was promised. */
export function wrongAnswer(what: string, got: string, expected: string, cause?: unknown): HybraError {
  return new HybraError(
    'E_FORMAT',
    `${what}: ${got}, expected ${expected}. Run the command again; if that does not help, the hub that HF_ENDPOINT names (or a proxy before it) is at fault.`,
    { what, got, expected },
    { cause },
  );
}

const diskRemedies: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, or set HF_HUB_CACHE to a folder on another disk.',
  EDQUOT: 'The disk quota is used up: free some space, or set HF_HUB_CACHE to a folder on another disk.',
  EACCES: 'Permission denied: check the permissions of the cache, or set HF_HUB_CACHE to a folder of yours.',
  EROFS: 'The file system is read-only: set HF_HUB_CACHE to another folder.',
};

/** `E_IO` for a failure of the disk below the cache. What was written so far is continued the next time. */
export function diskFailure(what: string, cause: unknown): HybraError {
  if (HybraError.isInstance(cause)) return cause;
  const code = codeOf(cause);
  const remedy =
    (code === undefined ? undefined : diskRemedies[code]) ??
    `${cause instanceof Error ? cause.message : cause}. Check the folder, or set HF_HUB_CACHE to another.`;
  return new HybraError(
    'E_IO',
    `${what}: ${code ? `${code}. ` : ''}${remedy}`,
    { what, systemCode: code },
    { cause },
  );
}

/** The system's code of a failure or of its cause, such as `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  for (
    let each = error;
    typeof each === 'object' && each !== null;
    each = (each as { cause?: unknown }).cause
  ) {
    const { code } = each as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}
