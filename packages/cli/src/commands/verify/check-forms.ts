import { type HostStateTensor, type Runner, readState } from '@hybra/generate';
import { hostView } from '@hybra/spec';
import { castElements } from '@hybra/weights';
import { relativeError } from './differences.js';

/** How the chunked and the recurrent form compare. */
export interface FormsCheck {
  readonly isPassed: boolean;
  readonly logitError: number;
  /** The state that differs most. */
  readonly stateError: number;
  readonly worstState: string | undefined;
  readonly states: readonly HostStateTensor[];
  readonly logits: Float32Array;
}

/**
 * Largest relative difference allowed between the two forms. Zamba2 needs more: a change of its embedding by one part
 * in 10⁷ moves its logits by 2.4e-4 in float32 on one and the same backend, that of Bamba's by 8e-6.
 */
export function formsToleranceOf(family: string): number {
  return family === 'zamba2' ? 5e-4 : 1e-4;
}

/** Runs the inputs in chunks and token by token, and compares all logits and the final states. */
export async function checkForms(
  runner: Runner,
  inputIds: readonly (readonly number[])[],
  tolerance: number,
  onProgress: (done: number, total: number) => void,
): Promise<FormsCheck> {
  const chunked = await runner.forwardAll(inputIds, runner.initialState(inputIds.length));
  const states = await readState(runner, chunked.state);
  chunked.state.dispose();
  const stepwise = await runner.forwardAll(inputIds, runner.initialState(inputIds.length), {
    stepwise: true,
    onProgress,
  });
  const stepwiseStates = await readState(runner, stepwise.state);
  stepwise.state.dispose();

  const logitError = relativeError(chunked.logits.data, stepwise.logits.data);
  let stateError = 0;
  let worstState: string | undefined;
  for (const [index, state] of states.entries()) {
    const error = relativeError(numbersOf(state), numbersOf(stepwiseStates[index]!));
    if (!(error <= stateError)) {
      stateError = error;
      worstState = state.name;
    }
  }
  const isPassed = logitError <= tolerance && stateError <= tolerance;
  return { isPassed, logitError, stateError, worstState, states, logits: chunked.logits.data };
}

function numbersOf({ dtype, bytes }: HostStateTensor): ArrayLike<number> {
  const wide = castElements(bytes, dtype, 'f32').slice();
  return hostView('f32', wide.buffer, 0, wide.byteLength / 4);
}
