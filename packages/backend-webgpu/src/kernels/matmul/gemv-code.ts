/*
 * A few rows times a matrix whose rows lie in memory one after the other: y[m, n] = Σₖ x[m, k] · weight[n, k]. Bound
 * by reading the weight, 16 bytes a load. Around it, where a program has them: the RMSNorm of x before (its scale
 * is one factor per row, so that it is applied to the sums), the addition of a residual after, and the shift of a
 * convolution's tails, which nobody reads in this dispatch.
 */
import {
  chunkView,
  elementsPerChunk,
  placedFoursOf,
  placeFactors,
  type WeightFormat,
} from './gemv-weights.js';

/** How a workgroup shares the work. */
export interface GemvShape {
  /** Invocations. */
  readonly size: number;
  /** Invocations that share the terms of a column; divides `size`. */
  readonly lanes: number;
  /** Columns of y per `lanes`. */
  readonly columns: number;
  /** Whether x is brought to workgroup memory first, in pieces of this many chunks; 0: it is not. */
  readonly stagedChunks: number;
  /** Whether a lane asks for its next chunk before it multiplies one. */
  readonly isAhead: boolean;
  /** Lanes of a subgroup that divides `lanes`; 0: sums go through workgroup memory alone. */
  readonly subgroupSize: number;
}

/** What x is multiplied by on its way. */
export interface GemvNorm {
  /** `own`: Σ x² is found here. `given`: as partial sums, `p.parts` a row, `groups` equal runs of them. */
  readonly squares: 'own' | 'given';
  readonly groups: number;
}

/** What the code is for. */
export interface GemvPlan {
  readonly M: number;
  readonly format: WeightFormat;
  readonly shape: GemvShape;
  readonly norm?: GemvNorm | undefined;
  readonly hasResidual: boolean;
  /** Whether scales and zero points are float16. */
  readonly hasHalfScales?: boolean | undefined;
  /** WGSL that every invocation runs first, with `id` and `p.invocations` counting over the whole dispatch. */
  readonly before?: string | undefined;
}

/** Fours of x that a chunk of the weight meets. */
const foursPerChunk = (format: WeightFormat): number => elementsPerChunk(format) / 4;

/** WGSL of the dispatch. Operands: x, weight, y; scales, zeros; norm_weight, parts; residual. */
export function gemvCode(plan: GemvPlan): string {
  const { M, shape, norm } = plan;
  const { size, lanes, columns } = shape;
  const rows = range(M);
  const isGrouped = norm?.squares === 'given' && norm.groups > 1;
  // Places are bytes in the buffer, and 4-bit codes in here.
  const isPacked = plan.format.kind === 'codes' && plan.format.bits === 4;
  return `${declarations(plan, isGrouped)}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = p.firstGroup + g.y * n.x + g.x;
  ${plan.before ? `{ let id = group * ${size}u + l;\n${plan.before} }` : ''}
  if (group >= p.groups) { return; }
  let blocks = (p.N + ${(size / lanes) * columns - 1}u) / ${(size / lanes) * columns}u;
  let batch = group / blocks;
  let lane = l % ${lanes}u;
  let first = (group % blocks * ${size / lanes}u + l / ${lanes}u) * ${columns}u;
  let x_at = at_x(batch) / 4u;
  let chunks = p.K / ${elementsPerChunk(plan.format)}u;
  ${range(columns)
    .map(
      (r) =>
        `let w_at${r} = (at_weight(batch)${isPacked ? ' * 2u' : ''} + min(first + ${r}u, p.N - 1u) * p.bN) / ${unit(plan.format)}u;`,
    )
    .join('\n  ')}
  ${firstBlocks(plan)}
  ${range(columns)
    .flatMap((r) => rows.map((m) => `var sum${r}_${m} = 0.0;`))
    .join(' ')}
  ${norm ? rows.map((m) => `var squares${m} = 0.0;`).join(' ') : ''}
  ${isGrouped ? groupScales(plan) : ''}
  ${givenSquares(plan, isGrouped)}
  ${shape.stagedChunks > 0 ? stagedLoop(plan, isGrouped) : directLoop(plan, isGrouped)}
  ${reduction(plan, isGrouped)}
}`;
}

/** `s_atR`: the first block of scales of each column. */
function firstBlocks({ format, shape }: GemvPlan): string {
  if (format.kind === 'dense') return '';
  return range(shape.columns)
    .map((r) => `let s_at${r} = min(first + ${r}u, p.N - 1u) * (p.K / ${format.blockSize}u);`)
    .join(' ');
}

function declarations(plan: GemvPlan, isGrouped: boolean): string {
  const { M, shape, norm, format } = plan;
  const values = shape.columns * M + (norm ? M : 0);
  const staged = shape.stagedChunks * foursPerChunk(format) * M;
  return `
var<workgroup> sums: array<f32, ${values * (shape.size / partOf(shape))}>;
${shape.subgroupSize > 0 ? '' : `var<workgroup> tree: array<f32, ${shape.size}>;`}
${staged > 0 ? `var<workgroup> staged: array<vec4<f32>, ${staged}>;` : ''}
${isGrouped ? `var<workgroup> scales_of: array<f32, ${M * norm!.groups}>;` : ''}`;
}

/** Invocations whose sums are one before the last step. */
function partOf({ subgroupSize, lanes }: GemvShape): number {
  return subgroupSize > 0 ? subgroupSize : lanes;
}

/** Elements that the counts of weights are in, per 16 bytes. */
function unit(format: WeightFormat): number {
  return elementsPerChunk(format);
}

/** The scale of every row and group of it, by one invocation each. */
function groupScales({ M, norm, shape }: GemvPlan): string {
  const { groups } = norm!;
  return `for (var i = l; i < ${M * groups}u; i += ${shape.size}u) {
    let run = p.parts / ${groups}u;
    var total = 0.0;
    for (var j = 0u; j < run; j++) { total += parts[i / ${groups}u * p.parts + i % ${groups}u * run + j]; }
    scales_of[i] = 1.0 / sqrt(total * ${groups}.0 / f32(p.K) + p.epsilon);
  }
  workgroupBarrier();`;
}

function givenSquares({ M, norm, shape }: GemvPlan, isGrouped: boolean): string {
  if (norm?.squares !== 'given' || isGrouped) return '';
  return `for (var i = l; i < p.parts; i += ${shape.size}u) {
    ${range(M)
      .map((m) => `squares${m} += parts[${m}u * p.parts + i];`)
      .join(' ')}
  }`;
}

/** A four of x as it is multiplied: `x_NAME`, with the norm's weight and squares. */
function loadX(plan: GemvPlan, m: number, four: string, isGrouped: boolean, isOwner: boolean): string {
  const { norm } = plan;
  const raw = `x[x_at + ${m}u * (p.aM / 4u) + ${four}]`;
  if (!norm) return `let x${m} = ${raw};`;
  const squares = norm.squares === 'own' && isOwner ? `squares${m} += dot(raw${m}, raw${m});` : '';
  const scale = isGrouped
    ? ` * scales_of[${m * norm.groups}u + (${four}) / (p.K / ${4 * norm.groups}u)]`
    : '';
  return `let raw${m} = ${raw}; ${squares} let x${m} = raw${m} * norm_weight[norm_at + ${four}]${scale};`;
}

function directLoop(plan: GemvPlan, isGrouped: boolean): string {
  const { M, norm } = plan;
  const fours = foursPerChunk(plan.format);
  return `${norm ? 'let norm_at = at_norm_weight(0u) / 4u;' : ''}
  ${loopOver(
    plan,
    { from: 'lane', end: 'chunks', chunk: (c) => c },
    `${range(fours)
      .map(
        (j) => `{
      ${range(M)
        .map((m) => loadX(plan, m, `c * ${fours}u + ${j}u`, isGrouped, true))
        .join(' ')}
      ${products(plan, j)}
    }`,
      )
      .join('\n    ')}
    ${scaled(plan)}`,
  )}`;
}

/** A loop of a lane over its chunks `c`, with what it loads of the weight taken for granted in the body. */
function loopOver(
  plan: GemvPlan,
  {
    from,
    end,
    chunk,
  }: { readonly from: string; readonly end: string; readonly chunk: (c: string) => string },
  body: string,
  between = '',
): string {
  const step = `${plan.shape.lanes}u`;
  if (!plan.shape.isAhead) {
    return `${between}
  for (var c = ${from}; c < ${end}; c += ${step}) {
    ${loadNext(plan, chunk('c'), 'let ')} ${takeNext(plan, '')}
    ${body}
  }`;
  }
  return `${declareNext(plan)}
  if (${from} < ${end}) { ${loadNext(plan, chunk(from), 'next_')} }
  ${between}
  for (var c = ${from}; c < ${end}; c += ${step}) {
    ${takeNext(plan, 'next_')}
    if (c + ${step} < ${end}) { ${loadNext(plan, chunk(`(c + ${step})`), 'next_')} }
    ${body}
  }`;
}

/** x goes through workgroup memory by fours of the same place in their chunk, which neighbours read side by side. */
function stagedLoop(plan: GemvPlan, isGrouped: boolean): string {
  const { M, shape, norm } = plan;
  const { stagedChunks } = shape;
  const fours = foursPerChunk(plan.format);
  const factors = placeFactors(plan.format);
  const placed = factors === undefined ? '' : ` * ${factors}`;
  const place = (m: number, j: string, c: string): string =>
    `${m * fours * stagedChunks}u + (${j}) * ${stagedChunks}u + (${c})`;
  // The first chunks may be on their way while x is brought.
  const bringing = `for (var i = l; i < end * ${fours}u; i += ${shape.size}u) {
      ${range(M)
        .map(
          (m) =>
            `{ ${loadX(plan, m, `(c0 * ${fours}u + i)`, isGrouped, true)} staged[${place(m, `i % ${fours}u`, `i / ${fours}u`)}] = x${m}${placed}; }`,
        )
        .join('\n      ')}
    }
    workgroupBarrier();`;
  return `${norm ? 'let norm_at = at_norm_weight(0u) / 4u;' : ''}
  for (var c0 = 0u; c0 < chunks; c0 += ${stagedChunks}u) {
    let end = min(${stagedChunks}u, chunks - c0);
    ${loopOver(
      plan,
      { from: 'lane', end: 'end', chunk: (c) => `(c0 + ${c})` },
      `${range(fours)
        .map(
          (j) =>
            `{ ${range(M)
              .map((m) => `let x${m} = staged[${place(m, `${j}u`, 'c')}];`)
              .join(' ')} ${products(plan, j)} }`,
        )
        .join('\n      ')}
      ${scaled(plan)}`,
      bringing,
    )}
    workgroupBarrier();
  }`;
}

/** What a column has on its way: a chunk of the weight; for codes their scale and zero point. */
function nextParts({ format, shape }: GemvPlan): readonly (readonly [name: string, type: string])[] {
  const isCodes = format.kind === 'codes';
  return range(shape.columns).flatMap((r) => [
    [`w${r}`, chunkView(format)] as const,
    ...(isCodes ? [[`scale${r}`, 'f32'] as const] : []),
    ...(isCodes && format.hasZeros ? [[`zero${r}`, 'f32'] as const] : []),
  ]);
}

function declareNext(plan: GemvPlan): string {
  return nextParts(plan)
    .map(([name, type]) => `var next_${name}: ${type};`)
    .join(' ');
}

/** Asks for the chunk at `c` of every column. @param to what stands before the names */
function loadNext(
  { format, shape, hasHalfScales = false }: GemvPlan,
  c: string,
  to: 'let ' | 'next_',
): string {
  return range(shape.columns)
    .map((r) => {
      const load = `${to}w${r} = weight[w_at${r} + ${c}];`;
      if (format.kind === 'dense') return load;
      const perBlock = format.blockSize / elementsPerChunk(format);
      const block = `s_at${r} + ${c}${perBlock > 1 ? ` / ${perBlock}u` : ''}`;
      const zero = format.hasZeros ? `${to}zero${r} = ${blockValue('zeros', block, hasHalfScales)};` : '';
      return `${load} ${to}scale${r} = ${blockValue('scales', block, hasHalfScales)}; ${zero}`;
    })
    .join(' ');
}

/** `w0`, `w1`, …: what was asked for, if it was before; for codes the sums of this chunk. */
function takeNext(plan: GemvPlan, from: 'next_' | ''): string {
  const { format, shape, M } = plan;
  const taken = from === '' ? [] : nextParts(plan).map(([name]) => `let ${name} = ${from}${name};`);
  if (format.kind === 'dense') return taken.join(' ');
  const parts = range(shape.columns).flatMap((r) => range(M).map((m) => `var part${r}_${m} = 0.0;`));
  return [...taken, ...parts].join(' ');
}

/** Scales and zero points of 16 bits by the hardware's conversion: there is one for every 16 bytes of codes. */
function blockValue(name: 'scales' | 'zeros', block: string, isHalf: boolean): string {
  if (!isHalf) return `load_${name}(${block})`;
  return `unpack2x16float(${name}[at_${name}(${block}) >> 1u])[at_${name}(${block}) & 1u]`;
}

function products({ format, shape, M }: GemvPlan, j: number): string {
  const target = format.kind === 'dense' ? 'sum' : 'part';
  return range(shape.columns)
    .map((r) => {
      const four = placedFoursOf(format, `w${r}`, `zero${r}`)[j]!;
      return `let v${r} = ${four}; ${range(M)
        .map((m) => `${target}${r}_${m} += dot(v${r}, x${m});`)
        .join(' ')}`;
    })
    .join(' ');
}

function scaled({ format, shape, M }: GemvPlan): string {
  if (format.kind === 'dense') return '';
  return range(shape.columns)
    .flatMap((r) => range(M).map((m) => `sum${r}_${m} = fma(part${r}_${m}, scale${r}, sum${r}_${m});`))
    .join(' ');
}

/** Adds up by subgroups or a tree, then an invocation per element of y. */
function reduction(plan: GemvPlan, isGrouped: boolean): string {
  const { M, shape, norm } = plan;
  const { size, lanes, columns } = shape;
  const part = partOf(shape);
  const perValue = size / part;
  const names = [
    ...range(columns).flatMap((r) => range(M).map((m) => `sum${r}_${m}`)),
    ...(norm && !isGrouped ? range(M).map((m) => `squares${m}`) : []),
  ];
  const collected = names.map((name, index) => collect(shape, name, index * perValue)).join('\n  ');
  const squares = columns * M * perValue;
  const scale =
    norm && !isGrouped
      ? `var square = 0.0;
    for (var i = 0u; i < ${perValue}u; i++) { square += sums[${squares}u + m * ${perValue}u + i]; }
    total /= sqrt(square / f32(p.K) + p.epsilon);`
      : '';
  return `${collected}
  workgroupBarrier();
  if (l < ${(size / lanes) * columns * M}u) {
    let owner = l / ${columns * M}u;
    let r = l / ${M}u % ${columns}u;
    let m = l % ${M}u;
    let column = (group % blocks * ${size / lanes}u + owner) * ${columns}u + r;
    var total = 0.0;
    for (var i = 0u; i < ${lanes / part}u; i++) {
      total += sums[(r * ${M}u + m) * ${perValue}u + owner * ${lanes / part}u + i];
    }
    ${scale}
    let at = (batch * ${M}u + m) * p.N + column;
    if (column < p.N) { y[at] = total${plan.hasResidual ? ' + load_residual(at)' : ''}; }
  }`;
}

/** Puts the sum of each run of `part` invocations into `sums`. */
function collect(shape: GemvShape, name: string, at: number): string {
  const part = partOf(shape);
  if (shape.subgroupSize > 0) {
    return `{ let all = subgroupAdd(${name}); if (l % ${part}u == 0u) { sums[${at}u + l / ${part}u] = all; } }`;
  }
  return `tree[l] = ${name};
  workgroupBarrier();
  for (var half = ${part / 2}u; half > 0u; half >>= 1u) {
    if (l % ${part}u < half) { tree[l] += tree[l + half]; }
    workgroupBarrier();
  }
  if (l % ${part}u == 0u) { sums[${at}u + l / ${part}u] = tree[l]; }
  workgroupBarrier();`;
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
