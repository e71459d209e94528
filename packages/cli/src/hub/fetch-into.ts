import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { throwIfAborted } from '@hybra/spec';
import { diskFailure, refused, wrongAnswer } from './hub-errors.js';
import type { HubFetch } from './hub-fetch.js';
import type { HubFile } from './list-hub-files.js';

/** What {@link fetchInto} needs besides the file. */
export interface FetchInto {
  readonly address: string;
  /** The file on the disk, which may hold a beginning already. */
  readonly path: string;
  readonly fetch: HubFetch;
  readonly signal: AbortSignal;
  /** @param bytes of the file that are there */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Asks for the bytes of a file from `from` on and writes what comes. A connection that ends early is no error: the
 * caller looks at what arrived. Bytes are written at their place, so that two processes that download the same file
 * write the same.
 * @throws E_IO if refused or not written; E_FORMAT if the answer is not of this file's length; E_ABORTED
 */
export async function fetchInto(file: HubFile, from: number, options: FetchInto): Promise<void> {
  const { address, path, fetch, signal, onProgress } = options;
  const response = await fetch(address, {
    headers: { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) },
  });
  try {
    if (response.status === 416) {
      // What is there does not fit what the server has: begin again.
      await rm(path, { force: true });
      return;
    }
    if (!response.ok) throw refused(file.name, response.status);
    let position = startOf(response, file, from);
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    try {
      for await (const chunk of received(response, signal)) {
        if (position + chunk.length > file.size) {
          await rm(path, { force: true });
          throw wrongAnswer(file.name, 'more bytes come', `${file.size} as listed`);
        }
        await writeAt(handle, chunk, position);
        position += chunk.length;
        onProgress(position);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throwIfAborted(signal, `downloading ${file.name}`);
    throw diskFailure(`writing ${file.name}`, error);
  } finally {
    if (response.body && !response.body.locked) await response.body.cancel().catch(() => {});
  }
}

/** Where the answer begins. @throws E_FORMAT if it is not what was asked for */
function startOf(response: Response, file: HubFile, from: number): number {
  if (response.status !== 206) {
    const length = response.headers.get('content-length');
    if (length !== null && Number(length) !== file.size && !response.headers.has('content-encoding')) {
      throw wrongAnswer(file.name, `${length} bytes are announced`, `${file.size} as listed`);
    }
    return 0;
  }
  const range = response.headers.get('content-range') ?? 'no content-range';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (Number(start) !== from || (total !== '*' && Number(total) !== file.size)) {
    throw wrongAnswer(file.name, `the answer is ${range}`, `bytes ${from}-${file.size - 1}/${file.size}`);
  }
  return from;
}

/** The chunks of a body up to its end or to where the connection ends. */
async function* received(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const step = await reader.read().catch(() => undefined);
      throwIfAborted(signal, 'downloading');
      if (step === undefined || step.done) return;
      yield step.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
