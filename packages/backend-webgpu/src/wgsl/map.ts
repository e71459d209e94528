import type { DType } from '@hybra/spec';
import type { Dispatch, DispatchOperand, Parameter } from '../kernel.js';
import { elementsPerWord, encodeExpression, numberType } from './element.js';

/** An output of which each element is a function of inputs alone. */
export interface MapPlan {
  /** What is read. */
  readonly operands: readonly DispatchOperand[];
  readonly output: { readonly index: number; readonly dtype: DType; readonly count: number };
  readonly parameters?: readonly Parameter[];
  /**
   * WGSL with `fn element(i: u32) -> …`: the number, or its bits if `gives` is `bits`. Inputs that lie in the
   * output's place may be read at i only.
   */
  readonly code: string;
  /** Default is `number`. */
  readonly gives?: 'number' | 'bits';
  /** WGSL with `fn writes(i: u32) -> bool` in `code`: which elements to write. Default is all. */
  readonly isPartial?: boolean;
}

const workgroupSize = 256;

/**
 * One invocation per 32-bit word of the output, so that no two write one word. Where elements are narrower
 * than a word, what lies behind the last one stays.
 */
export function mapDispatch(plan: MapPlan): Dispatch {
  const { index, dtype, count } = plan.output;
  const perWord = elementsPerWord(dtype);
  const words = Math.ceil(count / perWord);
  const isWide = perWord === 1;
  const isBits = plan.gives === 'bits';
  const inside = plan.isPartial ? 'writes(i)' : 'true';
  const bits = isBits ? 'element(i)' : encodeExpression(dtype, 'element(i)');
  const store = isWide
    ? `let i = w;
  if (${inside}) { y[i] = element(i); }`
    : `var word = y[w];
  for (var e = 0u; e < ${perWord}u; e++) {
    let i = w * ${perWord}u + e;
    if (i < p.count && ${inside}) { word = insertBits(word, ${bits}, e * ${32 / perWord}u, ${32 / perWord}u); }
  }
  y[w] = word;`;
  return {
    operands: [
      ...plan.operands,
      {
        name: 'y',
        place: { kind: 'output', index },
        view: isBits || !isWide ? 'u32' : (numberType(dtype) as 'f32' | 'i32' | 'u32'),
        isWritten: true,
      },
    ],
    parameters: [
      { name: 'words', type: 'u32', value: words },
      { name: 'count', type: 'u32', value: count },
      ...(plan.parameters ?? []),
    ],
    code: `${plan.code}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let w = (g.y * n.x + g.x) * ${workgroupSize}u + l;
  if (w >= p.words) { return; }
  ${store}
}`,
    workgroups: [Math.ceil(words / workgroupSize), 1, 1],
    map: plan,
  };
}
