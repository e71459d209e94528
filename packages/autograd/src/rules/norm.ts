import {
  add,
  cast,
  gatedRmsNormGradient,
  mean,
  mul,
  rmsNormGradient,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '@hybra/tensor';
import type { Rule } from './rule.js';
import { wideDType } from './wide.js';

/** Through `rmsNormGradient`. */
export const rmsNormRule: Rule = ({ cotangents: [g], inputs: [x, weight], attributes }) => {
  const dtype = wideDType(x!, weight!);
  const { dx, dweight } = rmsNormGradient(cast(x!, dtype), cast(weight!, dtype), cast(g!, dtype), {
    epsilon: attributes.epsilon as number,
  });
  return [cast(dx, x!.dtype), cast(dweight, weight!.dtype)];
};

/** Through `gatedRmsNormGradient`. */
export const gatedRmsNormRule: Rule = ({ cotangents: [g], inputs: [x, gate, weight], attributes }) => {
  const dtype = wideDType(x!, gate!, weight!);
  const { dx, dgate, dweight } = gatedRmsNormGradient(
    { x: cast(x!, dtype), gate: cast(gate!, dtype), weight: cast(weight!, dtype), dy: cast(g!, dtype) },
    {
      epsilon: attributes.epsilon as number,
      groups: attributes.groups as number,
      normBeforeGate: attributes.normBeforeGate === true,
    },
  );
  return [cast(dx, x!.dtype), cast(dgate, gate!.dtype), cast(dweight, weight!.dtype)];
};

/** y = n w + b with n = (x − mean) r: as RMSNorm's with the mean of the gradient taken away too. */
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
