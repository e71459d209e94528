import { elementCount, type QuantScheme } from '@hybra/spec';
import {
  castElements,
  dequantizeMatrix,
  type FileDType,
  fileByteSize,
  type GgufBlockType,
  type GgufFile,
  type GgufTensor,
  ggufSchemes,
  isBlockType,
  matrixOfBlocks,
  type QuantizedMatrix,
  type TensorEntry,
  type WeightSource,
} from '@hybra/weights';
import { rowOf } from './architectures.js';
import type { GgufArchitecture } from './gguf-architecture.js';
import {
  type FormSizes,
  isDecay,
  logOfDecay,
  moveHeadRows,
  shapeFromGguf,
  type TensorForm,
} from './tensor-form.js';

/** A tensor of a GGUF file as a checkpoint of transformers has it. */
interface HubTensor {
  /** Its name there. */
  readonly name: string;
  readonly tensor: GgufTensor;
  readonly form: TensorForm;
  readonly shape: readonly number[];
  /** Its blocks, where it stays quantised. */
  readonly blocks?: GgufBlockType;
}

/** Tensors under the names of transformers; those that no row names keep theirs, for the loader to complain of. */
export function hubTensors(
  tensors: ReadonlyMap<string, GgufTensor>,
  architecture: GgufArchitecture,
): readonly HubTensor[] {
  return Array.from(tensors.values(), (tensor) => {
    const { name, form } = rowOf(architecture.rows, tensor.name, 1) ?? { name: tensor.name, form: 'same' };
    const type = tensor.type.name;
    const isMatrix = tensor.shape.length === 2 && (form === 'same' || form === 'queries' || form === 'keys');
    const shape = shapeFromGguf(form, tensor.shape);
    return { name, tensor, form, shape, ...(isMatrix && isBlockType(type) && { blocks: type }) };
  });
}

/** The schemes of the matrices that stay quantised. */
export function hubSchemes(tensors: readonly HubTensor[]): QuantScheme[] {
  return [...new Set(tensors.flatMap(({ blocks }) => (blocks ? [ggufSchemes[blocks]] : [])))];
}

/**
 * The weights of a GGUF file in the layout of transformers, matrices in blocks in that of `hybra quantize`. Takes the
 * file over.
 */
export function hubWeights(file: GgufFile, architecture: GgufArchitecture, sizes: FormSizes): WeightSource {
  const entries = new Map<string, TensorEntry>();
  const readers = new Map<string, (signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>>();
  const add = (
    entry: Omit<TensorEntry, 'byteLength'>,
    read: (signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>,
  ): void => {
    const byteLength = elementCount(entry.shape) * fileByteSize(entry.dtype);
    entries.set(entry.name, { ...entry, byteLength });
    readers.set(entry.name, read);
  };
  // The parts of a matrix are read one after the other: its blocks are taken apart once.
  let last: { readonly name: string; readonly matrix: Promise<QuantizedMatrix> } | undefined;

  for (const hub of hubTensors(file.tensors, architecture)) {
    const { name, shape, blocks } = hub;
    if (!blocks) {
      const dtype = storedDType(hub);
      add({ name, dtype, shape }, (signal) => readPlain(file, hub, { sizes, dtype, signal }));
      continue;
    }
    const matrix = (signal?: AbortSignal): Promise<QuantizedMatrix> => {
      if (last?.name !== name) last = { name, matrix: readBlocks(file, hub, blocks, sizes, signal) };
      last.matrix.catch(() => {
        last = undefined;
      });
      return last.matrix;
    };
    const { bits, blockSize, scaleDtype, hasZeroPoints } = ggufSchemes[blocks];
    const [rows, columns] = shape as readonly [number, number];
    const perBlock = [rows, columns / blockSize];
    const codes = {
      dtype: bits === 4 ? 'u8' : 'i8',
      shape: [rows, bits === 4 ? columns / 2 : columns],
    } as const;
    add({ name: `${name}.codes`, ...codes }, async (signal) => (await matrix(signal)).codes);
    for (const part of hasZeroPoints ? (['scales', 'zeros'] as const) : (['scales'] as const)) {
      const entry = { name: `${name}.${part}`, dtype: scaleDtype, shape: perBlock };
      add(entry, async (signal) => (await matrix(signal))[part]!);
    }
  }
  return {
    entries,
    metadata: {},
    read: (name, signal) => readers.get(name)?.(signal) ?? file.read(name, signal),
    close: () => file.close(),
  };
}

/** Floats stay as they are, what is in blocks or computed becomes float32. */
function storedDType({ tensor, form }: HubTensor): FileDType {
  const { name } = tensor.type;
  return isDecay(form) || isBlockType(name) ? 'f32' : name;
}

async function readPlain(
  file: GgufFile,
  hub: HubTensor,
  options: { readonly sizes: FormSizes; readonly dtype: FileDType; readonly signal: AbortSignal | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  const { tensor, form } = hub;
  const type = tensor.type.name;
  const stored = await file.read(tensor.name, options.signal);
  if (isBlockType(type)) {
    const values = dequantizeMatrix(matrixOfBlocks(type, stored), ggufSchemes[type]);
    if (isDecay(form)) logOfDecay(tensor.name, values);
    return new Uint8Array(values.buffer);
  }
  if (isDecay(form)) {
    const bytes = castElements(stored, type, 'f32');
    logOfDecay(tensor.name, new Float32Array(bytes.buffer));
    return bytes;
  }
  return inHalves(hub, stored, options.sizes);
}

async function readBlocks(
  file: GgufFile,
  hub: HubTensor,
  type: GgufBlockType,
  sizes: FormSizes,
  signal: AbortSignal | undefined,
): Promise<QuantizedMatrix> {
  // Rows are whole blocks: moving them before or after taking the blocks apart is the same.
  return matrixOfBlocks(type, inHalves(hub, await file.read(hub.tensor.name, signal), sizes));
}

function inHalves(
  { tensor, form }: HubTensor,
  rows: Uint8Array<ArrayBuffer>,
  sizes: FormSizes,
): Uint8Array<ArrayBuffer> {
  const heads = form === 'queries' ? sizes.heads : form === 'keys' ? sizes.keyValueHeads : undefined;
  if (heads === undefined) return rows;
  return moveHeadRows(rows, { name: tensor.name, count: tensor.shape[0]!, heads }, 'halves');
}
