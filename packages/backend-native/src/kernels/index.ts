import type { OpCall, OpName } from '@hybra/spec';
import { arrayRules, matmulRules } from './array.js';
import { compositeRules } from './composite.js';
import { elementwiseRules } from './elementwise.js';
import { gradientRules } from './gradient.js';
import type { ProductKinds } from './products.js';
import { quantizedRules } from './quantized.js';
import type { Rule, RuleAnswer } from './rule.js';
import { sequenceRules } from './sequence.js';

/** Axes that the addon's operands have room for (`maxRank` in `native/core/call.hpp`). */
const mostAxes = 8;

/** The rules of a device, by op. */
export type Rules = Readonly<Partial<Record<OpName, Rule>>>;

/** Every rule, with the kernels that the device wants for products. */
export function rulesWith(kinds: ProductKinds): Rules {
  return {
    ...elementwiseRules,
    ...arrayRules,
    ...compositeRules,
    ...matmulRules(kinds),
    ...quantizedRules(kinds.quantizedProducts),
    ...sequenceRules,
    ...gradientRules,
  };
}

/** The rule of an op; `undefined` for one that this backend does not know. */
export function ruleOf(rules: Rules, op: string): Rule | undefined {
  return Object.hasOwn(rules, op) ? rules[op as OpName] : undefined;
}

/** What the native kernel says about a call, or why there is none. */
export function answerTo(rules: Rules, call: OpCall): RuleAnswer {
  const rule = ruleOf(rules, call.op);
  if (!rule) return { reason: `${call.op}: this device has no kernel for it` };
  const deepest = [...call.inputs, ...call.outputs].find(({ shape }) => shape.length > mostAxes);
  if (deepest) return { reason: `${call.op}: ${deepest.shape.length} axes, and ${mostAxes} is the most` };
  return rule.answer(call);
}
