import { byteSize, type DType, type Operand, type ProgramCall } from '@hybra/spec';
import type { Dispatch, DispatchOperand, Parameter } from '../kernel.js';
import { arrayElement, loadExpression, loadType } from './element.js';
import { libraryFor } from './library.js';
import { wholeWindow, windowCode } from './window.js';

/** A range of a program's buffer that a dispatch binds. */
export interface BoundRange {
  readonly buffer: number;
  /** Bytes from the buffer's start; 0 unless it is a part of the scratch or of a large input. */
  readonly byteOffset: number;
  readonly byteLength: number | undefined;
  readonly isWritten: boolean;
}

/** A complete shader module with what its bindings 1, 2, … are; binding 0 is the uniform `p`. */
export interface Shader {
  readonly code: string;
  readonly ranges: readonly BoundRange[];
  readonly parameters: readonly Parameter[];
}

interface Resolved {
  readonly operand: DispatchOperand;
  readonly dtype: DType;
  readonly range: BoundRange;
  readonly source: Operand | undefined;
}

/**
 * Puts declarations before a dispatch's code. Operands in the same memory share one variable: WebGPU refuses to
 * bind it twice if one of them is written, and every binding takes time.
 * @param isSameMemory whether two buffers of the program lie in one GPU buffer
 */
export function shaderOf(
  call: ProgramCall,
  dispatch: Dispatch,
  isSameMemory: (buffer: number, other: number) => boolean = (buffer, other) => buffer === other,
): Shader {
  const resolved = dispatch.operands.map((operand) => resolve(call, operand));
  const variables: { readonly name: string; range: BoundRange; readonly element: string }[] = [];
  const variableOf = new Map<string, { readonly name: string; readonly element: string }>();
  for (const { operand, dtype, range } of [...resolved].sort(writtenFirst)) {
    const element = arrayElement(dtype, operand.view);
    const shared = variables.find(
      (other) =>
        isSameRange(other.range, range) &&
        (other.range.isWritten || (hasAccessors(operand) && isScalar(other.element))),
    );
    if (shared) {
      variableOf.set(operand.name, shared);
      continue;
    }
    // Another range of memory that is written: two writable bindings may lie side by side, not one of each kind.
    const isBeside = variables.some(
      (other) => other.range.isWritten && isSameMemory(other.range.buffer, range.buffer),
    );
    variables.push({ name: operand.name, range: isBeside ? { ...range, isWritten: true } : range, element });
    variableOf.set(operand.name, { name: operand.name, element });
  }
  const accessors: string[] = [];
  const parameters: Parameter[] = [...dispatch.parameters];
  for (const { operand, dtype, source, range } of resolved) {
    const { name, view, window } = operand;
    const whole = source ?? wholeWindow([]);
    // Where a part is bound, places count from its beginning; before it they are negative, and never used.
    const offset = whole.offset - range.byteOffset / byteSize(dtype);
    const found = windowCode(name, { ...(window ?? whole), offset });
    if (operand.place.kind === 'input') parameters.push(...found.parameters);
    const isInput = operand.place.kind === 'input';
    if (isInput) accessors.push(found.code);
    if (!hasAccessors(operand)) continue;
    const variable = variableOf.get(name)!;
    const type = loadType(dtype, view as 'number' | 'bits');
    const element = arrayElement(dtype, view);
    const plain = loadExpression(variable.name, dtype, view as 'number' | 'bits', 'at');
    const load = variable.element === element ? plain : `bitcast<${element}>(${plain})`;
    accessors.push(
      `fn get_${name}(at: u32) -> ${type} { return ${load}; }`,
      `fn load_${name}(i: u32) -> ${type} { return get_${name}(${isInput ? `at_${name}(i)` : 'i'}); }`,
    );
  }
  // A struct needs a member.
  if (parameters.length === 0) parameters.push({ name: 'unused', type: 'u32', value: 0 });
  const body = [...accessors, dispatch.code].join('\n');
  const code = [
    dispatch.usesSubgroups ? 'enable subgroups;' : '',
    dispatch.usesMatrixUnits ? 'enable f16; enable chromium_experimental_subgroup_matrix;' : '',
    `struct Parameters { ${parameters.map(({ name, type }) => `${name}: ${type}`).join(', ')} }`,
    '@group(0) @binding(0) var<uniform> p: Parameters;',
    ...variables.map(
      ({ name, element, range }, index) =>
        `@group(0) @binding(${index + 1}) var<storage, ${range.isWritten ? 'read_write' : 'read'}> ${name}: array<${element}>;`,
    ),
    libraryFor(body),
    body,
  ].join('\n');
  return { code, ranges: variables.map(({ range }) => range), parameters };
}

function resolve(call: ProgramCall, operand: DispatchOperand): Resolved {
  const { place, isWritten = false } = operand;
  if (place.kind === 'scratch') {
    const { byteOffset = 0, byteLength } = place;
    // Scratch and outputs may share a segment: WebGPU takes two writable ranges of one buffer side by side,
    // but not a writable and a read-only one.
    const range = { buffer: call.scratch!.buffer, byteOffset, byteLength, isWritten: true };
    return { operand, dtype: 'u32', range, source: undefined };
  }
  const source = (place.kind === 'input' ? call.inputs : call.outputs)[place.index]!;
  const { byteOffset = 0, byteLength } = place.kind === 'input' ? place : {};
  const range = { buffer: source.buffer, byteOffset, byteLength, isWritten };
  return { operand, dtype: source.dtype, range, source };
}

/** Whether accessors of any 32-bit type can read it, by the bits. */
function isScalar(element: string): boolean {
  return element === 'f32' || element === 'i32' || element === 'u32';
}

/** Whether code reads it by `get_NAME` and `load_NAME`, never by its name. */
function hasAccessors({ view }: DispatchOperand): boolean {
  return view === 'number' || view === 'bits';
}

function writtenFirst(a: Resolved, b: Resolved): number {
  return Number(b.range.isWritten) - Number(a.range.isWritten);
}

function isSameRange(a: BoundRange, b: BoundRange): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
}
