/*
 * Calls of a few elements each, as stages of one workgroup: their values pass through workgroup memory, as the bits
 * that they would have in memory, one word each; what others need is written at the end.
 */
import { byteSize, type DType, type Operand } from '@hybra/spec';
import type { DispatchOperand, Parameter } from '../kernel.js';
import { encodeExpression, loadType, numberType } from '../wgsl/element.js';
import type { MapPlan } from '../wgsl/map.js';
import { windowCode } from '../wgsl/window.js';

/** Invocations of the workgroup. */
export const smallSize = 256;

/** One call. */
export interface Stage {
  readonly plan: MapPlan;
  /** For each operand of the plan its elements, and the stage that made them, if it is one of these. */
  readonly sources: readonly { readonly operand: Operand; readonly stage: number | undefined }[];
}

/** A stage's part of the code, with names of its own. */
export interface StageCode {
  readonly functions: string;
  readonly statements: string;
  /** Operands that lie in memory, by their place among the plan's. */
  readonly operands: readonly (DispatchOperand & { readonly source: number })[];
  readonly parameters: readonly Parameter[];
}

/** The code of stage `index`, or `undefined` for a plan that cannot be renamed. */
export function stageCode({ plan, sources }: Stage, index: number): StageCode | undefined {
  const isPlain = plan.operands.every(({ view }) => view === 'number' || view === 'bits');
  if (!isPlain || plan.isPartial || /\bp\.(words|count)\b/.test(plan.code)) return undefined;
  const renamed = (name: string): string => `${name}_${index}`;
  let code = plan.code;
  for (const [, name] of plan.code.matchAll(/\bfn (\w+)/g)) {
    code = code.replaceAll(new RegExp(`\\b${name}\\(`, 'g'), `${renamed(name!)}(`);
  }
  for (const { name } of plan.parameters ?? []) {
    code = code.replaceAll(new RegExp(`\\bp\\.${name}\\b`, 'g'), `p.${renamed(name)}`);
  }
  const parameters: Parameter[] = [
    ...(plan.parameters ?? []).map((parameter) => ({ ...parameter, name: renamed(parameter.name) })),
    { name: renamed('count'), type: 'u32', value: plan.output.count },
  ];
  const accessors: string[] = [];
  const operands: (DispatchOperand & { readonly source: number })[] = [];
  for (const [source, operand] of plan.operands.entries()) {
    const name = renamed(operand.name);
    for (const access of ['at_', 'get_', 'load_']) {
      code = code.replaceAll(new RegExp(`\\b${access}${operand.name}\\(`, 'g'), `${access}${name}(`);
    }
    const { operand: elements, stage } = sources[source]!;
    if (stage === undefined) {
      operands.push({ ...operand, name, source });
      continue;
    }
    const view = operand.view as 'number' | 'bits';
    const found = windowCode(
      name,
      operand.window ? { ...operand.window, offset: elements.offset } : elements,
    );
    parameters.push(...found.parameters);
    accessors.push(
      found.code,
      `fn get_${name}(at: u32) -> ${loadType(elements.dtype, view)} { return ${decoded(elements.dtype, view, `value_${stage}[at]`)}; }`,
      `fn load_${name}(i: u32) -> ${loadType(elements.dtype, view)} { return get_${name}(at_${name}(i)); }`,
    );
  }
  const { dtype, count } = plan.output;
  const element = `${renamed('element')}(i)`;
  const bits = plan.gives === 'bits' ? element : encodeExpression(dtype, element);
  return {
    functions: [`var<workgroup> value_${index}: array<u32, ${capacityFor(count)}>;`, ...accessors, code].join(
      '\n',
    ),
    statements: `for (var i = l; i < p.${renamed('count')}; i += ${smallSize}u) { value_${index}[i] = ${bits}; }
  workgroupBarrier();`,
    operands,
    parameters,
  };
}

/** Code depends on extents by powers of two only. */
function capacityFor(count: number): number {
  let capacity = 16;
  while (capacity < count) capacity *= 2;
  return capacity;
}

/** A number, or its bits, from the word that holds an element. */
function decoded(dtype: DType, view: 'number' | 'bits', word: string): string {
  if (view === 'bits' || dtype === 'u32' || dtype === 'u8') return word;
  switch (dtype) {
    case 'bool':
      return `(${word} != 0u)`;
    case 'f16':
      return `decode_f16(${word})`;
    case 'bf16':
      return `bitcast<f32>(${word} << 16u)`;
    case 'i8':
      return `extractBits(bitcast<i32>(${word}), 0u, 8u)`;
    default:
      return `bitcast<${numberType(dtype)}>(${word})`;
  }
}

/** Statements that write what stage `index` made to the operand `name` in memory. */
export function storeCode({ dtype }: MapPlan['output'], index: number, name: string): string {
  const perWord = 4 / byteSize(dtype);
  if (perWord === 1) {
    return `for (var i = l; i < p.count_${index}; i += ${smallSize}u) { ${name}[i] = ${decoded(dtype, 'number', `value_${index}[i]`)}; }`;
  }
  return `for (var w = l; w * ${perWord}u < p.count_${index}; w += ${smallSize}u) {
    var word = ${name}[w];
    for (var e = 0u; e < ${perWord}u; e++) {
      let i = w * ${perWord}u + e;
      if (i < p.count_${index}) { word = insertBits(word, value_${index}[i], e * ${32 / perWord}u, ${32 / perWord}u); }
    }
    ${name}[w] = word;
  }`;
}
