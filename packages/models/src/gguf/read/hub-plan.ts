import { elementCount, HybraError, type QuantScheme } from '@hybra/spec';
import { type GgufBlockType, type GgufTensor, ggufSchemes, isBlockType } from '@hybra/weights';
import type { HybridConfig } from '../../config/hybrid-config.js';
import type { Fold, ParameterSpec } from '../../config/parameter-spec.js';
import { type TensorOnDisk, type TensorPiece, tensorsOnDisk } from '../../export/tensors-on-disk.js';
import type { Family } from '../../families/family.js';
import type { StoredForm } from '../../families/stored-form.js';
import { type GgufLayout, ggufForms } from '../layout/gguf-layout.js';

/** A run of elements of a GGUF tensor and where in a tensor of a checkpoint they belong. */
export interface Segment {
  readonly tensor: GgufTensor;
  /** Row-major index of the first element there. */
  readonly start: number;
  readonly count: number;
  /** And in the tensor of the checkpoint. */
  readonly to: number;
  readonly fold: Fold | undefined;
}

/** A tensor of a checkpoint of transformers, made of a GGUF file. */
export interface HubTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The type of its blocks, where it is whole rows of one type and may stay quantised. */
  readonly blocks: GgufBlockType | undefined;
  /**
   * Worked out when they are asked for: permuted rows are many.
   * @throws E_SHAPE for a tensor of another shape than the configuration wants
   */
  readonly segments: () => readonly Segment[];
}

/** How a GGUF file becomes a checkpoint of transformers. */
export interface HubPlan {
  /** Those whose parts are all there; of the others the loader will say that they are missing. */
  readonly tensors: readonly HubTensor[];
  /** Tensors of the file that nothing is made of. */
  readonly unused: readonly GgufTensor[];
}

/** What becomes of the tensors of a GGUF file; reads none of them. */
export function hubPlan(
  tensors: ReadonlyMap<string, GgufTensor>,
  target: { readonly layout: GgufLayout; readonly family: Family; readonly config: HybridConfig },
): HubPlan {
  const { layout, family, config } = target;
  const used = new Set<string>();
  const findForm = (spec: ParameterSpec): StoredForm | undefined =>
    ggufForms(layout, spec, config).find((form) => form.every((run) => tensors.has(run.tensor)));
  // Every expert asks for the form of all of them.
  const ofExperts = new Map<string, StoredForm | undefined>();
  const formOf = (spec: ParameterSpec): StoredForm | undefined => {
    if (spec.shape.length < 3) return findForm(spec);
    if (!ofExperts.has(spec.name)) ofExperts.set(spec.name, findForm(spec));
    return ofExperts.get(spec.name);
  };
  const planned = tensorsOnDisk(family, config).flatMap((tensor): HubTensor[] => {
    const forms = tensor.pieces.map(({ spec }) => formOf(spec));
    for (const run of forms.flatMap((form) => form ?? [])) used.add(run.tensor);
    if (!forms.every((form) => form !== undefined)) return [];
    const found = (): readonly Segment[] =>
      tensor.pieces.flatMap((piece) => pieceSegments(piece, formOf(piece.spec)!, tensors));
    const segments = (): readonly Segment[] => {
      for (const { spec } of tensor.pieces) requireShapes(formOf(spec)!, tensors);
      return found();
    };
    return [{ name: tensor.name, shape: tensor.shape, blocks: commonBlocks(tensor, found()), segments }];
  });
  return { tensors: planned, unused: [...tensors.values()].filter(({ name }) => !used.has(name)) };
}

/** The schemes of the matrices that stay quantised. */
export function planSchemes({ tensors }: HubPlan): QuantScheme[] {
  return [...new Set(tensors.flatMap(({ blocks }) => (blocks ? [ggufSchemes[blocks]] : [])))];
}

/** Where the elements of a piece lie in the file, neighbours joined. */
function pieceSegments(
  piece: TensorPiece,
  form: StoredForm,
  tensors: ReadonlyMap<string, GgufTensor>,
): Segment[] {
  const segments: Segment[] = [];
  const end = piece.from + piece.count;
  let at = 0;
  for (const run of form) {
    const tensor = tensors.get(run.tensor)!;
    const from = Math.max(at, piece.from);
    const count = Math.min(at + run.count, end) - from;
    if (count > 0) {
      const start = run.start + from - at;
      const to = piece.to + from - piece.from;
      const last = segments.at(-1);
      if (last?.tensor === tensor && last.start + last.count === start) {
        segments[segments.length - 1] = { ...last, count: last.count + count };
      } else segments.push({ tensor, start, count, to, fold: piece.spec.fold });
    }
    at += run.count;
  }
  return segments;
}

/** Extents of 1 in front are no difference: files leave them out or not. */
function requireShapes(form: StoredForm, tensors: ReadonlyMap<string, GgufTensor>): void {
  const wrong = form.find((run) => withoutOnes(tensors.get(run.tensor)!.shape) !== withoutOnes(run.shape));
  if (!wrong) return;
  const tensor = tensors.get(wrong.tensor)!;
  const expected = wrong.shape;
  throw new HybraError(
    'E_SHAPE',
    `GGUF: ${tensor.name} is [${tensor.shape.join(', ')}]. Expected [${expected.join(', ')}], as the metadata of the file say.`,
    { tensor: tensor.name, shape: tensor.shape, expected },
  );
}

function withoutOnes(shape: readonly number[]): string {
  const first = shape.findIndex((extent) => extent !== 1);
  return first < 0 ? '' : shape.slice(first).join();
}

/**
 * The one type of the blocks of a matrix that the loader takes quantised: one parameter's matrix, or several one above
 * the other, in whole rows. Experts are no matrices to it, routers want more bits than blocks have.
 */
function commonBlocks(tensor: TensorOnDisk, segments: readonly Segment[]): GgufBlockType | undefined {
  const type = segments[0]?.tensor.type.name;
  const columns = tensor.shape.at(-1)!;
  const isMatrix = tensor.pieces.every(
    ({ spec }) =>
      spec.shape.length === 2 &&
      spec.shape[1] === columns &&
      spec.precision === 'narrow' &&
      !spec.fold &&
      !/\brouter\b/i.test(spec.name),
  );
  const areRows = segments.every(
    (segment) =>
      segment.tensor.type.name === type &&
      segment.tensor.shape.at(-1) === columns &&
      [segment.start, segment.count, segment.to].every((index) => index % columns === 0),
  );
  const isWhole = segments.reduce((sum, { count }) => sum + count, 0) === elementCount(tensor.shape);
  return type && tensor.shape.length === 2 && isMatrix && areRows && isWhole && isBlockType(type)
    ? type
    : undefined;
}
