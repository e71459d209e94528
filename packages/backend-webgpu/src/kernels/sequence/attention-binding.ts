import { isHalf, type OpCall, type ProgramCall } from '@hybra/spec';
import type { Dispatch } from '../../kernel.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts } from './pool.js';

/** Sizes of an attention over pools. */
export function attentionSizes(
  call: OpCall,
): Record<'batch' | 'T' | 'Hq' | 'D' | 'S' | 'C' | 'Hkv' | 'Dv', number> {
  const [batch, T, Hq, D] = call.inputs[0]!.shape as [number, number, number, number];
  const [S, C, Hkv] = call.inputs[1]!.shape as [number, number, number];
  return { batch, T, Hq, D, S, C, Hkv, Dv: call.inputs[2]!.shape[3]! };
}

/** Operands of an attention shader. */
export function attentionOperands(call: ProgramCall): Dispatch['operands'] {
  return [
    ...['q', 'k', 'v', 'slots', 'starts', 'lengths'].map(numbers),
    {
      name: 'y',
      place: { kind: 'output', index: 0 },
      view: isHalf(call.outputs[0]!.dtype) ? 'u32' : 'f32',
      isWritten: true,
    },
  ];
}

/** Parameters of an attention shader: sizes, those of its own, scale and window. */
export function attentionParameters(
  call: ProgramCall,
  own: { readonly sizes: Readonly<Record<string, number>>; readonly more?: Dispatch['parameters'] },
): Dispatch['parameters'] {
  const { batch: _, ...sizes } = attentionSizes(call);
  return [
    ...counts({ ...sizes, ...own.sizes }),
    ...(own.more ?? []),
    { name: 'scale', type: 'f32', value: call.attributes.scale as number },
    { name: 'window', type: 'i32', value: (call.attributes.window as number | undefined) ?? 0 },
  ];
}
