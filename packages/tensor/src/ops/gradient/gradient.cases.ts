import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, layouts, listed, normal, uniform } from '../case-input.js';
import { crossEntropyCases } from '../loss/cross-entropy.cases.js';
import { gatedRmsNormCases } from '../norm/gated-rms-norm.cases.js';
import { rmsNormCases } from '../norm/norm.cases.js';
import { attentionCases } from '../sequence/attention.cases.js';
import { causalConv1dCases } from '../sequence/causal-conv1d.cases.js';
import { selectiveScanCases } from '../sequence/selective.cases.js';
import { ssdChunkScanCases } from '../sequence/ssd.cases.js';

const isWide = (op: OpCase): boolean =>
  op.inputs.every(({ dtype }) => dtype !== 'f16' && dtype !== 'bf16') &&
  new Set(op.inputs.flatMap(({ dtype }) => (dtype === 'f64' ? ['f64'] : []))).size < 2;

/** Cases of an op with what arrives at its outputs added: of the type of these inputs. */
function arriving(cases: readonly OpCase[], likes: readonly number[]): OpCase[] {
  return cases.filter(isWide).map((each) => ({
    ...each,
    inputs: [
      ...each.inputs,
      ...likes.map((index) => {
        const { dtype, shape, layout } = each.inputs[index]!;
        return normal(shape, { dtype, ...(layout && { layout }) });
      }),
    ],
  }));
}

/** Cases of `sumOfSquares`. */
export const sumOfSquaresCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: [normal([size])] })),
  { name: 'many elements', inputs: [normal([3, 70_001])] },
  { name: 'a scalar', inputs: [normal([])] },
  { name: 'infinite', inputs: [listed([1, Number.POSITIVE_INFINITY, 2])] },
  ...layouts.map((layout) => ({ name: layout, inputs: [normal([5, 33], { layout })] })),
  { name: 'f64', inputs: [normal([33], { dtype: 'f64' })] },
];

/** Cases of `rmsNormGradient`. */
export const rmsNormGradientCases: readonly OpCase[] = arriving(rmsNormCases, [0]).filter(
  ({ inputs: [x, weight] }) => x!.dtype === weight!.dtype,
);

/** Cases of `gatedRmsNormGradient`. */
export const gatedRmsNormGradientCases: readonly OpCase[] = arriving(gatedRmsNormCases, [0]);

/** Cases of `crossEntropyGradient`. A logit of −∞ has no gradient of its own and passes none. */
export const crossEntropyGradientCases: readonly OpCase[] = crossEntropyCases
  .filter(isWide)
  .map((each) => ({ ...each, inputs: [...each.inputs, normal([each.inputs[0]!.shape[0]!])] }));

/** Cases of `causalConv1dGradient`, with and without what arrives at the tails. */
export const causalConv1dGradientCases: readonly OpCase[] = [
  ...arriving(causalConv1dCases, [0, 3]),
  ...arriving(causalConv1dCases, [0]).map((each) => ({ ...each, name: `${each.name}, tails unused` })),
];

/** Cases of `selectiveScanGradient`, with and without what arrives at the states. */
export const selectiveScanGradientCases: readonly OpCase[] = [
  ...arriving(selectiveScanCases, [0, 5]),
  ...arriving(selectiveScanCases, [0]).map((each) => ({ ...each, name: `${each.name}, states unused` })),
].filter(({ inputs }) => inputs[0]!.dtype === inputs[5]!.dtype);

/** Cases of `ssdChunkScanGradient`, with and without what arrives at the states. */
export const ssdChunkScanGradientCases: readonly OpCase[] = [
  ...arriving(ssdChunkScanCases, [0, 5]),
  ...arriving(ssdChunkScanCases, [0]).map((each) => ({ ...each, name: `${each.name}, states unused` })),
].filter(({ inputs }) => inputs[0]!.dtype === inputs[5]!.dtype);

/** Cases of `attentionGradient`. */
export const attentionGradientCases: readonly OpCase[] = attentionCases.filter(isWide).flatMap((each) => {
  const [q, k, v] = each.inputs;
  if (q!.dtype !== k!.dtype) return [];
  const shape = [...q!.shape.slice(0, 3), v!.shape[3]!];
  return [{ ...each, inputs: [...each.inputs, normal(shape, { dtype: q!.dtype })] }];
});

const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1 };

function stepped(
  name: string,
  shape: readonly number[],
  options: { readonly decay?: number; readonly scale?: number } = {},
): OpCase {
  return {
    name,
    inputs: [
      normal(shape),
      normal(shape, { scale: 0.1 }),
      uniform(shape, [0, 0.01]),
      normal(shape),
      listed([1e-3, 1.5, 3, options.scale ?? 0.5]),
    ],
    attributes: { ...adamw, decay: options.decay ?? adamw.decay },
  };
}

/** Cases of `adamwStep`. */
export const adamwStepCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => stepped(`${size} elements`, [size])),
  stepped('a matrix', [257, 33]),
  stepped('many elements', [70_001]),
  stepped('without decay', [33], { decay: 0 }),
  stepped('a scale that is not a number changes nothing', [33], { scale: Number.NaN }),
  stepped('an infinite scale changes nothing', [33], { scale: Number.POSITIVE_INFINITY }),
];
