import type { OpName } from '@hybra/spec';
import { activationRules } from './activation.js';
import { arrayRules } from './array.js';
import { crossEntropyRule } from './cross-entropy.js';
import { elementwiseRules } from './elementwise.js';
import { matmulRule } from './matmul.js';
import { gatedRmsNormRule, layerNormRule, rmsNormRule } from './norm.js';
import { ropeRule } from './rope.js';
import type { Rule } from './rule.js';
import { attentionRule, causalConv1dRule, selectiveScanRule, ssdChunkScanRule } from './sequence.js';

/** The vector-Jacobian products that are written out. Other ops go through their decomposition. */
export const rules: Readonly<Partial<Record<OpName, Rule>>> = {
  ...elementwiseRules,
  ...arrayRules,
  ...activationRules,
  matmul: matmulRule,
  rmsNorm: rmsNormRule,
  layerNorm: layerNormRule,
  crossEntropy: crossEntropyRule,
  rope: ropeRule,
  gatedRmsNorm: gatedRmsNormRule,
  attention: attentionRule,
  causalConv1d: causalConv1dRule,
  selectiveScan: selectiveScanRule,
  ssdChunkScan: ssdChunkScanRule,
};

/** Whether gradients of an op are taken by a rule of its own and not through its decomposition. */
export function hasGradientRule(op: OpName): boolean {
  return Object.hasOwn(rules, op);
}
