import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** One case of an `expected.json`: written by the reference libraries, no special tokens added. */
export interface ExpectedCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

/** Bytes of a file in `test/fixtures`, unpacked if its name ends in `.gz`. */
export async function readFixture(name: string): Promise<Uint8Array> {
  const bytes = await readFile(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)));
  return new Uint8Array(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

/** A JSON file in `test/fixtures`. */
export async function readJsonFixture(name: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readFixture(name)));
}

/** The cases of an `expected.json`. */
export async function readExpected(name: string): Promise<readonly ExpectedCase[]> {
  return (await readJsonFixture(`${name}.expected.json`)) as readonly ExpectedCase[];
}
