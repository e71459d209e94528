import { HybraError } from '@hybra/spec';

/** What is known when a step gives numbers that are not finite. */
export interface Divergence {
  readonly step: number;
  readonly loss: number;
  readonly norm: number;
  readonly learningRate: number;
  /** Sum of squares of each variable's gradient. */
  readonly squares: ArrayLike<number>;
  readonly variables: readonly { readonly name: string }[];
}

/** The error of a step whose loss or gradient is not finite: step, tensor and what to try. */
export function explainDivergence({
  step,
  loss,
  norm,
  learningRate,
  squares,
  variables,
}: Divergence): HybraError {
  const tensors = variables.flatMap(({ name }, index) => (Number.isFinite(squares[index]!) ? [] : [name]));
  const gradient = `the gradient of ${tensors[0] ?? 'all tensors together'} is not finite${tensors.length > 1 ? ` (and of ${tensors.length - 1} more)` : ''}`;
  const where = Number.isFinite(loss) ? gradient : `the loss is ${loss}, and ${gradient}`;
  return new HybraError(
    'E_ARGUMENT',
    `training: stopped at step ${step}: ${where}. The weights are those of step ${step - 1}. Resume from the last checkpoint with a learning rate below ${learningRate.toPrecision(2)}, a longer warm-up or a smaller --clip.`,
    { step, loss, norm, learningRate, tensor: tensors[0], tensors: tensors.slice(0, 10) },
  );
}
