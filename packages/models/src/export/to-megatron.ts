import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import { nemotronHFamily } from '../families/nemotron-h.js';
import { megatronArgs } from '../megatron/megatron-args.js';
import { nemotronConfig } from '../megatron/megatron-config.js';
import type { MegatronKind } from '../megatron/megatron-name.js';
import { megatronSizes } from '../megatron/megatron-sizes.js';
import { type ExportedTensor, exportedTensors } from './exported-tensors.js';
import { type MegatronArguments, megatronArguments } from './megatron-arguments.js';
import { megatronTensors } from './megatron-tensors.js';
import { type CheckpointToExport, openForExport } from './open-for-export.js';
import { requireSameModel } from './same-model.js';

/** A checkpoint in the layout of Megatron-LM, for one rank. */
export interface MegatronExport {
  /** `args` of its `model_optim_rng.pt`. */
  readonly args: MegatronArguments;
  /** `model` of that file. */
  readonly tensors: readonly ExportedTensor[];
  /** What Megatron-LM would compute otherwise. */
  readonly notes: readonly string[];
}

/**
 * A checkpoint in the layout of Megatron-LM's hybrids, as the paper's 8B models have it (arXiv 2406.07887): Mamba-2,
 * attention without positions, plain MLPs of GELU or squared ReLU, experts, with RMSNorm. The elements stay as they
 * are, bit by bit; `openMegatron` gives the same model back.
 * @throws E_CONFIG for a model that Megatron-LM has no way to say, and a quantised one; E_DTYPE where tensors that it
 * fuses differ in dtype; E_FORMAT, E_SHAPE as `loadModel`
 */
export async function toMegatron(
  checkpoint: CheckpointToExport,
  signal?: AbortSignal,
): Promise<MegatronExport> {
  const { config, reader } = await openForExport(checkpoint, signal);
  const kinds = config.layers.map(({ kind }) => requireKind(kind));
  const named = exportedTensors(reader, { family: nemotronHFamily, config });
  const args = megatronArguments(config, named[0]!.dtype);
  // What the reader will make of these args.
  const read = megatronArgs({ kind: 'dict', entries: new Map(Object.entries(args)) as never });
  const sizes = megatronSizes(read, 1);
  const shapes = new Map(named.map(({ name, shape }) => [name, shape]));
  const to = nemotronHFamily.parseConfig(nemotronConfig({ args: read, sizes, shapes }));
  requireSameModel('the layout of Megatron-LM', { from: withoutChunks(config), to: withoutChunks(to) });
  return { args, tensors: megatronTensors(named, { kinds, sizes }), notes: notesOn(args) };
}

function requireKind(kind: HybridConfig['layers'][number]['kind']): MegatronKind {
  if (kind === 'mamba2' || kind === 'attention' || kind === 'mlp' || kind === 'experts') return kind;
  throw new HybraError(
    'E_CONFIG',
    `convert: hybrids of Megatron-LM have no layers of the kind ${kind}. Expected mamba2, attention, mlp, experts.`,
    { kind },
  );
}

/** How many steps are computed at a time is no part of the model, and Megatron-LM has no arg for it. */
function withoutChunks(config: HybridConfig): HybridConfig {
  const layers = config.layers.map((layer) => (layer.kind === 'mamba2' ? { ...layer, chunkSize: 1 } : layer));
  return { ...config, layers };
}

function notesOn(args: MegatronArguments): string[] {
  const { time_step_min: least } = args;
  if (least === undefined) return [];
  return [
    `Megatron-LM bounds no time step: that the model's is at least ${least} is kept in its args, for converting it back`,
  ];
}
