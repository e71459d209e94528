import { bytesDirectory, bytesSource, encodeGguf, type GgufField, readJson } from '@hybra/weights';
import { families, familyOf, ggufContents, ggufDirectory, parameterSpecs } from '../src/index.js';
import { fixture, fixtureNames } from './support/golden.js';

/** A parser to feed with mutated files. */
export interface FuzzTarget {
  readonly name: string;
  /** Good files to start from. */
  seeds(): Uint8Array[] | Promise<Uint8Array[]>;
  /** Throws typed errors for what it refuses; anything else thrown is a defect. */
  run(bytes: Uint8Array): void | Promise<void>;
}

/** One target per family: its `config.json`, read, parsed and turned into the parameters it asks for. */
const configTargets: readonly FuzzTarget[] = Object.values(families).map((family) => ({
  name: `models/config.json of ${family.modelType}`,
  seeds: () => seedsOf(family.modelType),
  async run(bytes) {
    const json = await readJson(bytesDirectory({ 'config.json': bytes }), 'config.json');
    // Whatever a mutation made of `model_type`, the family's own parser has to cope.
    await swallowTyped(() => familyOf(json));
    parameterSpecs(family.parseConfig(json));
  },
}));

const ggufSeeds = [
  'bamba',
  'falcon_h1',
  'falcon_mamba',
  'granitemoehybrid-moe',
  'jamba',
  'lfm2',
  'llama',
  'mamba',
  'mamba2',
  'nemotron_h',
  'qwen3_next',
];

/** The metadata of GGUF files as JSON, turned into files of a checkpoint and the parameters they ask for. */
const ggufTarget: FuzzTarget = {
  name: 'models/metadata of GGUF',
  seeds: () =>
    Promise.all(
      ggufSeeds.map(async (name) => {
        const { metadata, close } = await ggufContents(fixture(name), 'f16');
        await close();
        const values = Object.entries(metadata).map(([key, field]) => [key, field.value]);
        return new TextEncoder().encode(JSON.stringify({ ...Object.fromEntries(values), ...vocabulary }));
      }),
    ),
  async run(bytes) {
    const json = (await readJson(bytesDirectory({ 'x.json': bytes }), 'x.json')) as Record<string, unknown>;
    const fields = Object.entries(json ?? {}).flatMap(([key, value]) => {
      const field = fieldOf(value);
      return field && key !== '' ? [[key, field] as const] : [];
    });
    const embedding = { name: 'token_embd.weight', type: 'q8_0', shape: [4, 64] } as const;
    const file = await encodeGguf({
      metadata: Object.fromEntries(fields),
      tensors: [{ ...embedding, bytes: new Uint8Array(8 * 34) }],
    });
    const directory = ggufDirectory('x.gguf', async () => bytesSource(file, 'x.gguf'));
    const config = await readJson(directory, 'config.json');
    parameterSpecs(familyOf(config).parseConfig(config));
    const weights = await directory.openWeights!();
    for (const name of weights.entries.keys()) await weights.read(name);
  },
};

/** A small SentencePiece vocabulary. */
const vocabulary = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': ['<unk>', '<s>', '</s>', 'a'],
  'tokenizer.ggml.scores': [0, 0, 0, -1],
  'tokenizer.ggml.token_type': [2, 3, 3, 1],
  'tokenizer.ggml.bos_token_id': 1,
  'tokenizer.chat_template': '{{ messages }}',
};

function fieldOf(value: unknown): GgufField | undefined {
  if (typeof value === 'number') return { type: 'f64', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (!Array.isArray(value)) return undefined;
  if (value.every((each) => typeof each === 'string')) return { type: 'array', of: 'string', value };
  return value.every((each) => typeof each === 'number') ? { type: 'array', of: 'f64', value } : undefined;
}

/** The parsers of this package, for the fuzzer. */
export const fuzzTargets: readonly FuzzTarget[] = [...configTargets, ggufTarget];

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

/** Runs `parse`; an error of the family is an answer too. */
export async function swallowTyped(parse: () => unknown): Promise<void> {
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
