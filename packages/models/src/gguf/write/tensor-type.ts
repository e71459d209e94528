import type { GgmlTypeName } from '@hybra/weights';

/** How the matrices of a GGUF file are stored. */
export type GgufOutputType = 'f32' | 'f16' | 'q8_0' | 'q4_0';

/** Norms, convolutions, routers, and projections of time step, B and C, which llama.cpp does not quantise either. */
const wide =
  /_norm\.weight$|conv1d\.weight$|\.(shortconv\.conv|ssm_x|ssm_dt|ffn_gate_inp|ffn_gate_inp_shexp)\.weight$/;

/**
 * How a tensor is stored: matrices and stacks of them (experts) in `type`, embedding and head no narrower than Q8_0,
 * rows that are no whole number of blocks in float16, everything else in float32.
 */
export function tensorType(name: string, shape: readonly number[], type: GgufOutputType): GgmlTypeName {
  const isMatrix = shape.length >= 2 && name.endsWith('.weight') && !wide.test(name);
  if (!isMatrix || type === 'f32') return 'f32';
  if (type === 'f16' || shape.at(-1)! % 32 !== 0) return 'f16';
  return name === 'token_embd.weight' || name === 'output.weight' ? 'q8_0' : type;
}
