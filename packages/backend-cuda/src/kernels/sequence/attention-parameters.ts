import type { OpCall, Operand, ProgramCall } from '@hybra/spec';
import { typed } from '../../launch/dtype-code.js';
import { f32, flag, i64, type Parameter, pointer, u32 } from '../../launch/launch.js';

/** Sizes of an attention over pools. */
export function attentionSizes(
  call: OpCall,
): Record<'B' | 'T' | 'Hq' | 'Hkv' | 'D' | 'Dv' | 'S' | 'C', number> {
  const [B, T, Hq, D] = call.inputs[0]!.shape as [number, number, number, number];
  const [S, C, Hkv] = call.inputs[1]!.shape as [number, number, number];
  return { B, T, Hq, Hkv, D, Dv: call.inputs[2]!.shape[3]!, S, C };
}

/** Operands of an attention kernel: the first of its parameters. */
export function attentionOperands(call: ProgramCall): readonly Parameter[] {
  const [q, k, v, ...indices] = call.inputs as readonly Operand[];
  return [...[q!, k!, v!].flatMap(typed), ...indices.map(pointer), ...typed(call.outputs[0]!)];
}

/** Sizes and attributes of an attention kernel: the last of its parameters. @param splits spans of the keys */
export function attentionNumbers(call: ProgramCall, splits: number): readonly Parameter[] {
  const { B, T, Hq, Hkv, D, Dv, S, C } = attentionSizes(call);
  const { window = 0, ring, scale } = call.attributes;
  return [
    ...[B, T, Hq, Hkv, D, Dv, S, C, window as number].map(u32),
    flag(ring === true),
    u32(splits),
    u32(0),
    f32(scale as number),
    u32(0),
    ...call.inputs[0]!.strides.slice(0, 3).map(i64),
  ];
}
