import type { Tensor } from '@hybra/tensor';
import { type AdamWSettings, adamW } from '../optimizer/adamw.js';
import { type MuonOptions, muon } from '../optimizer/muon.js';
import type { Variable } from '../parameters/variable.js';

/** What the optimiser keeps of a variable. */
export type VariablePart = 'parameter' | 'first' | 'second';

/** How variables are changed. */
export interface OptimizerSettings {
  readonly adamW: AdamWSettings;
  /** For hidden matrices; AdamW for them too when absent. */
  readonly muon?: Required<MuonOptions> | undefined;
}

const labels = { parameter: 'parameter', first: 'first moment', second: 'second moment' } as const;

/** States of the step program that belong to a variable: its parts and their names. */
export function statesOf(
  variable: Pick<Variable, 'name' | 'isHiddenMatrix'>,
  { muon }: OptimizerSettings,
): { readonly part: VariablePart; readonly state: string }[] {
  const parts =
    muon && variable.isHiddenMatrix
      ? (['parameter', 'first'] as const)
      : (['parameter', 'first', 'second'] as const);
  return parts.map((part) => ({ part, state: stateName(part, variable.name) }));
}

/** The name of a part of a variable among the states of the step program. */
export function stateName(part: VariablePart, variable: string): string {
  return `${labels[part]} ${variable}`;
}

/**
 * One step of the optimiser for one variable.
 * @param before its parts
 * @param numbers f32[4], see `adamW`
 */
export function updateVariable(
  variable: Variable,
  before: Partial<Readonly<Record<VariablePart, Tensor>>>,
  change: { readonly gradient: Tensor; readonly numbers: Tensor },
  settings: OptimizerSettings,
): Partial<Readonly<Record<VariablePart, Tensor>>> {
  const { gradient, numbers } = change;
  const { decays } = variable;
  const [parameter, first, second] = [before.parameter!, before.first!, before.second];
  if (second) return adamW({ parameter, first, second }, gradient, numbers, { ...settings.adamW, decays });
  const decay = decays ? settings.adamW.weightDecay : 0;
  const { momentum } = settings.muon!;
  return muon({ parameter, first }, gradient, numbers, { momentum, decay });
}
