import { elementCount } from '@hybra/spec';
import {
  type FileDType,
  fileByteSize,
  type GgufBlockType,
  type GgufFile,
  type GgufTensor,
  ggufSchemes,
  type QuantizedMatrix,
  type TensorEntry,
  type WeightSource,
} from '@hybra/weights';
import type { HubPlan, HubTensor } from './hub-plan.js';
import { readBlocks, readElements, segmentsDType } from './read-segments.js';

type Reader = (signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * The weights of a GGUF file in the layout of transformers, matrices in blocks in that of `hybra quantize`. Experts
 * and what is computed are float32. Takes the file over.
 * @throws E_SHAPE for a tensor of another shape than the configuration wants
 */
export function hubWeights(file: GgufFile, plan: HubPlan): WeightSource {
  const entries = new Map<string, TensorEntry>();
  const readers = new Map<string, Reader>();
  const add = (name: string, dtype: FileDType, shape: readonly number[], read: Reader): void => {
    entries.set(name, { name, dtype, shape, byteLength: elementCount(shape) * fileByteSize(dtype) });
    readers.set(name, read);
  };
  const addElements = (hub: HubTensor): void =>
    add(hub.name, segmentsDType(hub.segments()), hub.shape, (signal) => readElements(file, hub, signal));
  // The parts of a matrix are read one after the other: its blocks are taken apart once.
  let last: { readonly name: string; readonly matrix: Promise<QuantizedMatrix> } | undefined;
  const addMatrix = (hub: HubTensor, blocks: GgufBlockType): void => {
    const { name } = hub;
    const matrix = (signal?: AbortSignal): Promise<QuantizedMatrix> => {
      if (last?.name !== name) last = { name, matrix: readBlocks(file, { ...hub, blocks }, signal) };
      last.matrix.catch(() => {
        last = undefined;
      });
      return last.matrix;
    };
    const { bits, blockSize, scaleDtype, hasZeroPoints } = ggufSchemes[blocks];
    const [rows, columns] = hub.shape as readonly [number, number];
    const codes = async (signal?: AbortSignal) => (await matrix(signal)).codes;
    add(`${name}.codes`, bits === 4 ? 'u8' : 'i8', [rows, bits === 4 ? columns / 2 : columns], codes);
    for (const part of hasZeroPoints ? (['scales', 'zeros'] as const) : (['scales'] as const)) {
      const read: Reader = async (signal) => (await matrix(signal))[part]!;
      add(`${name}.${part}`, scaleDtype, [rows, columns / blockSize], read);
    }
  };
  for (const hub of plan.tensors) {
    hub.segments(); // checks shapes, before anything is read
    if (hub.blocks) addMatrix(hub, hub.blocks);
    else addElements(hub);
  }
  // Under their own names, for the loader to complain of.
  for (const tensor of plan.unused) addElements(asItIs(tensor));
  return {
    entries,
    metadata: {},
    read: (name, signal) => readers.get(name)?.(signal) ?? file.read(name, signal),
    close: () => file.close(),
  };
}

function asItIs(tensor: GgufTensor): HubTensor {
  const { name, shape } = tensor;
  const whole = { tensor, start: 0, count: elementCount(shape), to: 0, fold: undefined };
  return { name, shape, blocks: undefined, segments: () => [whole] };
}
