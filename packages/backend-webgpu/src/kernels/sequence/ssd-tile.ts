/*
 * For the chunked scan and attention: a tile of 64 × 64 sums over k by 128 invocations, 8 × 4 of them each in registers: 16 terms at a time of both
 * factors lie in workgroup memory, a_tile by rows and b_tile by columns of the result.
 */
import type { OpCall } from '@hybra/spec';
import type { Parameter } from '../../kernel.js';
import { counts } from './pool.js';

/** Invocations; rows and columns of the result; terms that are in workgroup memory at once. */
export const ssdTile = { size: 128, side: 64, depth: 16 } as const;

const { size, side, depth } = ssdTile;
const pitch = side / 4 + 1;
const eight = Array.from({ length: 8 }, (_, i) => i);

/** Declarations of the factors. */
export const tileMemory: string = `
var<workgroup> a_tile: array<vec4<f32>, ${depth * pitch}>;
var<workgroup> b_tile: array<vec4<f32>, ${depth * pitch}>;`;

/** Statements that say where this invocation's part of a tile lies. */
export const tilePlace = `
  let tile_x = l % 16u;
  let tile_y = l / 16u;`;

/** Statements that begin a result. */
export const tileZeros: string = eight.map((i) => `var sum${i} = vec4<f32>();`).join(' ');

/**
 * Statements that bring `depth` terms of a factor to workgroup memory.
 * @param along `terms` where neighbours in memory are neighbouring terms, `sides` where they are rows (or columns)
 * @param value statements that set `value`, 0 at first, from `term` and `at`, a row or column of the tile
 */
export function tileLoad(name: 'a_tile' | 'b_tile', along: 'terms' | 'sides', value: string): string {
  const [term, at] =
    along === 'terms' ? [`e % ${depth}u`, `e / ${depth}u`] : [`e / ${side}u`, `e % ${side}u`];
  return `for (var e = l; e < ${side * depth}u; e += ${size}u) {
      let term = ${term};
      let at = ${at};
      var value = 0.0;
      ${value}
      ${name}[term * ${pitch}u + at / 4u][at % 4u] = value;
    }`;
}

/**
 * Statements that multiply what lies in workgroup memory, between barriers.
 * @param a factor by rows, of which term k lies at `term`
 * @param into what the names of the eight sums begin with
 */
export function tileProductsOf(a: string, term: string, into: string): string {
  return `workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let low = ${a}[(${term}) * ${pitch}u + tile_y];
      let high = ${a}[(${term}) * ${pitch}u + 8u + tile_y];
      let b = b_tile[k * ${pitch}u + tile_x];
      ${eight.map((i) => `${into}${i} = fma(vec4<f32>(${i < 4 ? 'low' : 'high'}[${i % 4}]), b, ${into}${i});`).join('\n      ')}
    }
    workgroupBarrier();`;
}

/** Statements that multiply the two factors of {@link tileMemory}. */
export const tileProducts: string = tileProductsOf('a_tile', 'k', 'sum');

/**
 * Statements for every element of this invocation: `row` and `column` of the tile, and `total`.
 * @param also what the names of other sums begin with, which are `other`
 */
export function tileEnd(statements: string, also?: string): string {
  return eight
    .map(
      (i) => `for (var c = 0u; c < 4u; c++) {
    let row = ${i < 4 ? '' : '32u + '}tile_y * 4u + ${i % 4}u;
    let column = tile_x * 4u + c;
    let total = sum${i}[c];
    ${also === undefined ? '' : `let other = ${also}${i}[c];`}
    ${statements}
  }`,
    )
    .join('\n  ');
}

/** Steps of an input along its four axes as `p.NAME0` … `p.NAME3`, so that places cost no division. */
export function stepsOf(name: string, call: OpCall, index: number): readonly Parameter[] {
  return counts(
    Object.fromEntries(call.inputs[index]!.strides.map((step, axis) => [`${name}${axis}`, step])),
  );
}

/** WGSL of the element of a four-axis input at these indices. */
export function elementAt(name: string, indices: readonly [string, string, string, string]): string {
  const steps = indices.map((index, axis) => `(${index}) * p.${name}${axis}`);
  return `get_${name}(p.${name}_offset + ${steps.join(' + ')})`;
}
