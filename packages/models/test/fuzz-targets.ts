import { bytesDirectory, readJson } from '@hybra/weights';
import { families, familyOf, parameterSpecs } from '../src/index.js';
import { fixture, fixtureNames } from './support/golden.js';

/** A parser to feed with mutated files. */
export interface FuzzTarget {
  readonly name: string;
  /** Good files to start from. */
  seeds(): Uint8Array[] | Promise<Uint8Array[]>;
  /** Throws what is a defect; the errors that a parser may throw are swallowed. */
  run(bytes: Uint8Array): void | Promise<void>;
}

/** One target per family: its `config.json`, read, parsed and turned into the parameters it asks for. */
export const fuzzTargets: readonly FuzzTarget[] = Object.values(families).map((family) => ({
  name: `models/config.json of ${family.modelType}`,
  seeds: () => seedsOf(family.modelType),
  async run(bytes) {
    await swallowTyped(async () => {
      const json = await readJson(bytesDirectory({ 'config.json': bytes }), 'config.json');
      // Whatever a mutation made of `model_type`, the family's own parser has to cope.
      await swallowTyped(() => parameterSpecs(family.parseConfig(json)));
      familyOf(json);
    });
  },
}));

async function seedsOf(modelType: string): Promise<Uint8Array[]> {
  const configs = await Promise.all(fixtureNames.map(readConfig));
  return configs.filter(
    (bytes) => familyOf(JSON.parse(new TextDecoder().decode(bytes))).modelType === modelType,
  );
}

async function readConfig(name: string): Promise<Uint8Array> {
  const file = await fixture(name).open('config.json');
  if (!file) throw new Error(`${name} has no config.json`);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

async function swallowTyped(parse: () => unknown): Promise<void> {
  try {
    await parse();
  } catch (error) {
    const isTyped =
      typeof error === 'object' &&
      error !== null &&
      (error as Record<symbol, unknown>)[Symbol.for('hybra.error')] === true;
    if (!isTyped) throw error;
  }
}
