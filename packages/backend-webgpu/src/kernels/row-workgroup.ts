/** Invocations of a workgroup that works on one row. */
export const rowSize = 256;

/** The row of this workgroup, in a dispatch of one workgroup per row spread over x and y. */
export const rowMain: string = rowMainOf(rowSize);

/** The same with another number of invocations. */
export function rowMainOf(size: number): string {
  return `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let row = g.y * n.x + g.x;
  if (row >= p.rows) { return; }`;
}

/**
 * `fn NAME(x: T, l: u32) -> T`: combines the values of all invocations of a workgroup; all get the result.
 * The tree has the same shape at every run, so that results agree to the bit.
 */
export function workgroupReduction(name: string, type: string, combine: string, size = rowSize): string {
  return `
var<workgroup> ${name}_parts: array<${type}, ${size}>;
fn ${name}(x: ${type}, l: u32) -> ${type} {
  ${name}_parts[l] = x;
  workgroupBarrier();
  for (var half = ${size / 2}u; half > 0u; half >>= 1u) {
    if (l < half) {
      let a = ${name}_parts[l];
      let b = ${name}_parts[l + half];
      ${name}_parts[l] = ${combine};
    }
    workgroupBarrier();
  }
  let result = ${name}_parts[0];
  workgroupBarrier();
  return result;
}`;
}

/** `fn sum_all(x: f32, l: u32) -> f32` */
export const sumAll: string = sumAllOf(rowSize);

/** The same with another number of invocations. */
export function sumAllOf(size: number): string {
  return workgroupReduction('sum_all', 'f32', 'a + b', size);
}

/** `fn max_all(x: f32, l: u32) -> f32`; NaN wins. */
export const maxAll: string = maxAllOf(rowSize);

/** The same with another number of invocations. */
export function maxAllOf(size: number): string {
  return workgroupReduction('max_all', 'f32', 'larger(a, b)', size);
}

/** `fn larger(a: f32, b: f32) -> f32`; NaN if either is. */
export const larger = `
fn larger(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  return max(a, b);
}`;
