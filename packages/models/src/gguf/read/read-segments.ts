import { elementCount } from '@hybra/spec';
import {
  castElements,
  dequantizeMatrix,
  type FileDType,
  fileByteSize,
  type GgufFile,
  type GgufTensor,
  ggufSchemes,
  isBlockType,
  joinBytes,
  matrixOfBlocks,
  type QuantizedMatrix,
} from '@hybra/weights';
import { unfoldValues } from '../layout/folded-values.js';
import type { HubTensor, Segment } from './hub-plan.js';

/** The dtype that a tensor is given in: its own if that is one of floats and stays as it is, else float32. */
export function segmentsDType(segments: readonly Segment[]): FileDType {
  const types = new Set(segments.map(({ tensor, fold }) => (fold ? 'f32' : tensor.type.name)));
  const [type] = types;
  return types.size === 1 && type && !isBlockType(type) ? type : 'f32';
}

/** The elements of a tensor of a checkpoint. @throws E_FORMAT for decay rates that are not negative, E_IO, E_ABORTED */
export async function readElements(
  file: GgufFile,
  hub: HubTensor,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const segments = hub.segments();
  const dtype = segmentsDType(segments);
  const size = fileByteSize(dtype);
  const bytes = new Uint8Array(elementCount(hub.shape) * size);
  for (const [tensor, own] of byTensor(segments)) {
    const { first, count } = spanOf(own, tensor.type.blockSize);
    const span = await readSpan(file, { tensor, first, count }, signal);
    const { fold } = own[0]!;
    const elements = dtype === tensor.type.name && !fold ? span : asFloats(tensor, span, fold);
    for (const { start, count: length, to } of own) {
      const from = start - first;
      bytes.set(elements.subarray(from * size, (from + length) * size), to * size);
    }
  }
  return bytes;
}

/** The blocks of a matrix taken apart, its rows in the order of the checkpoint. @throws E_IO, E_ABORTED */
export async function readBlocks(
  file: GgufFile,
  hub: HubTensor & { readonly blocks: NonNullable<HubTensor['blocks']> },
  signal: AbortSignal | undefined,
): Promise<QuantizedMatrix> {
  const columns = hub.shape[1]!;
  const whole: Uint8Array[] = [];
  for (const [tensor, own] of byTensor(hub.segments())) {
    const { first, count } = spanOf(own, columns);
    const span = await readSpan(file, { tensor, first, count }, signal);
    const rowBytes = (columns / tensor.type.blockSize) * tensor.type.blockBytes;
    for (const { start, count: length, to } of own) {
      const from = (start - first) / columns;
      const rows = span.subarray(from * rowBytes, (from + length / columns) * rowBytes);
      whole[to / columns] = rows;
    }
  }
  // Rows are whole blocks: moving them before or after taking the blocks apart is the same.
  const parts = whole.filter((rows) => rows !== undefined);
  return matrixOfBlocks(hub.blocks, parts.length === 1 ? parts[0]! : joinBytes(parts));
}

function byTensor(segments: readonly Segment[]): ReadonlyMap<GgufTensor, Segment[]> {
  const groups = new Map<GgufTensor, Segment[]>();
  for (const segment of segments) {
    const group = groups.get(segment.tensor);
    if (group) group.push(segment);
    else groups.set(segment.tensor, [segment]);
  }
  return groups;
}

/** The elements from the first to the last that is wanted, in whole units. */
function spanOf(segments: readonly Segment[], unit: number): { first: number; count: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { start, count } of segments) {
    low = Math.min(low, start);
    high = Math.max(high, start + count);
  }
  const first = Math.floor(low / unit) * unit;
  return { first, count: Math.ceil(high / unit) * unit - first };
}

function readSpan(
  file: GgufFile,
  { tensor, first, count }: { readonly tensor: GgufTensor; readonly first: number; readonly count: number },
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { blockSize, blockBytes } = tensor.type;
  const offset = (first / blockSize) * blockBytes;
  return file.read(tensor.name, signal, { offset, length: (count / blockSize) * blockBytes });
}

/** Elements as float32, unfolded. */
function asFloats(tensor: GgufTensor, stored: Uint8Array, fold: Segment['fold']): Uint8Array {
  const { name } = tensor.type;
  const values = isBlockType(name)
    ? dequantizeMatrix(matrixOfBlocks(name, stored), ggufSchemes[name])
    : new Float32Array(castElements(stored, name, 'f32').buffer);
  if (fold) unfoldValues(fold, values, tensor.name);
  return new Uint8Array(values.buffer);
}
