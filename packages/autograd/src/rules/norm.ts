import { add, cast, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@hybra/tensor';
import type { Rule } from './rule.js';
import { wideDType } from './wide.js';

/**
 * y = x r w with r = 1 / √(mean(x²) + ε): dx = r (g w − n · mean(g w n)) with n = x r, dw = Σ g n
 * (Zhang & Sennrich 2019, appendix).
 */
export const rmsNormRule: Rule = ({ cotangents: [g], inputs: [x, weight], attributes, wanted }) => {
  const dtype = wideDType(x!, weight!);
  const wide = cast(x!, dtype);
  const gradient = cast(g!, dtype);
  const scale = rsqrt(add(mean(square(wide), -1, { keepDims: true }), attributes.epsilon as number));
  const normalized = mul(wide, scale);
  return [
    wanted[0]
      ? cast(throughScale(mul(gradient, cast(weight!, dtype)), normalized, scale), x!.dtype)
      : undefined,
    wanted[1] ? sum(mul(gradient, normalized), leading(x!)) : undefined,
  ];
};

/** y = n w + b with n = (x − mean) r: as {@link rmsNormRule} with the mean of the gradient taken away too. */
export const layerNormRule: Rule = ({ cotangents: [g], inputs: [x, weight, bias], attributes, wanted }) => {
  const dtype = wideDType(x!, weight!);
  const wide = cast(x!, dtype);
  const gradient = cast(g!, dtype);
  const centred = sub(wide, mean(wide, -1, { keepDims: true }));
  const scale = rsqrt(add(mean(square(centred), -1, { keepDims: true }), attributes.epsilon as number));
  const normalized = mul(centred, scale);
  const weighted = mul(gradient, cast(weight!, dtype));
  const dx = (): Tensor =>
    throughScale(sub(weighted, mean(weighted, -1, { keepDims: true })), normalized, scale);
  return [
    wanted[0] ? cast(dx(), x!.dtype) : undefined,
    wanted[1] ? sum(mul(gradient, normalized), leading(x!)) : undefined,
    bias && wanted[2] ? sum(gradient, leading(x!)) : undefined,
  ];
};

/** r (h − n · mean(h n)): the gradient of n = x r for h arriving at n. */
function throughScale(h: Tensor, normalized: Tensor, scale: Tensor): Tensor {
  return mul(scale, sub(h, mul(normalized, mean(mul(h, normalized), -1, { keepDims: true }))));
}

function leading(x: Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, axis) => axis);
}
