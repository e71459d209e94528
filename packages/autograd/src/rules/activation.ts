import { add, cast, exp, mul, sigmoid, sub, sum, type Tensor } from '@hybra/tensor';
import { type Rule, simple } from './rule.js';
import { wideDType, widest } from './wide.js';

/** Rules of the activations and of softmax, in float32 or wider. */
export const activationRules = {
  // σ (1 + x (1 − σ))
  silu: simple((g, [x]) => {
    const dtype = wideDType(x!);
    const wide = cast(x!, dtype);
    const opened = sigmoid(wide);
    const derivative = mul(opened, add(mul(wide, sub(1, opened)), 1));
    return [cast(mul(cast(g, dtype), derivative), x!.dtype)];
  }),
  softplus: simple((g, [x]) => [cast(mul(cast(g, wideDType(x!)), sigmoid(widest(x!))), x!.dtype)]),
  // y (g − Σ g y)
  softmax: simple((g, [x], y) => {
    const dtype = wideDType(x!);
    const weighted = mul(cast(g, dtype), cast(y, dtype));
    const total = sum(weighted, -1, { keepDims: true });
    return [cast(sub(weighted, mul(cast(y, dtype), total)), x!.dtype)];
  }),
  // g − eʸ Σ g
  logSoftmax: simple((g, [x], y) => {
    const dtype = wideDType(x!);
    const total: Tensor = sum(cast(g, dtype), -1, { keepDims: true });
    return [cast(sub(cast(g, dtype), mul(exp(cast(y, dtype)), total)), x!.dtype)];
  }),
} as const satisfies Record<string, Rule>;
