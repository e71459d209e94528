import { HybraError } from '@hybra/spec';
import { bytesOf } from '@hybra/tensor';
import { encodeSafetensors, writeFileAtomic } from '@hybra/weights';
import { type ModelOptions, openSession } from '../../session/open-session.js';
import { progressBar } from '../../session/progress.js';
import type { ExitCode, Terminal } from '../../session/terminal.js';
import { checkForms, type FormsCheck, formsToleranceOf } from './check-forms.js';
import { checkGreedy, type GreedyCheck } from './check-greedy.js';
import { maxAbsoluteError } from './differences.js';
import { readGolden } from './golden.js';

/** Options of `hybra verify`. */
export interface VerifyOptions extends ModelOptions {
  readonly tolerance: number;
  readonly dump?: string;
  readonly json?: boolean;
}

/** Compares a checkpoint with its golden file; 0 only if every check passes. */
export async function verify(terminal: Terminal, folder: string, options: VerifyOptions): Promise<ExitCode> {
  if (!(options.tolerance > 0)) {
    throw new HybraError('E_ARGUMENT', `--tolerance is ${options.tolerance}, expected a number above 0.`);
  }
  await using session = await openSession(terminal, { ...options, model: folder });
  const { runner, model, device, directory } = session;
  const golden = await readGolden(directory, model.vocabularySize);
  const bar = progressBar(terminal, 'verify', 'tokens');
  const formsTolerance = formsToleranceOf(model.family);
  const forms = await checkForms(runner, golden.inputIds, formsTolerance, (done, total) =>
    bar.update(done, total),
  );
  bar.stop();
  const logitError = maxAbsoluteError(forms.logits, golden.logits);
  const areLogitsFine = logitError <= options.tolerance;
  const greedy = await checkGreedy(runner, golden, logitError);
  const isPassed = areLogitsFine && greedy.isPassed && forms.isPassed;

  if (options.dump !== undefined)
    await dump(options.dump, golden.inputIds, model.vocabularySize, forms, greedy);
  if (options.json) {
    terminal.out(
      `${JSON.stringify({
        passed: isPassed,
        model: folder,
        family: model.family,
        device: device.name,
        dtype: options.dtype ?? 'f32',
        logits: { maxAbsoluteError: logitError, tolerance: options.tolerance, passed: areLogitsFine },
        greedy: {
          passed: greedy.isPassed,
          agreeing: greedy.agreeing,
          total: greedy.total,
          differences: greedy.differences,
        },
        forms: {
          passed: forms.isPassed,
          logitError: forms.logitError,
          stateError: forms.stateError,
          worstState: forms.worstState,
          tolerance: formsTolerance,
        },
      })}\n`,
    );
  } else {
    const { colours } = terminal;
    const line = (passed: boolean, what: string, figures: string): void =>
      terminal.out(
        `${passed ? colours.green('pass') : colours.red('FAIL')}  ${what.padEnd(10)} ${figures}\n`,
      );
    terminal.out(`${folder}: ${model.family}, ${options.dtype ?? 'f32'} on ${device.name}\n`);
    line(
      areLogitsFine,
      'logits',
      `maximum absolute error ${logitError.toExponential(2)}, tolerance ${options.tolerance}`,
    );
    line(greedy.isPassed, 'greedy', describeGreedy(greedy, logitError));
    line(
      forms.isPassed,
      'forms',
      `chunked against recurrent: logits ${forms.logitError.toExponential(2)}, states ${forms.stateError.toExponential(2)}${forms.worstState ? ` (${forms.worstState})` : ''} relative, tolerance ${formsTolerance}`,
    );
  }
  return isPassed ? 0 : 1;
}

function describeGreedy({ agreeing, total, differences }: GreedyCheck, logitError: number): string {
  const unclear = differences.filter(({ isAllowed }) => isAllowed).length;
  const wrong = differences.filter(({ isAllowed }) => !isAllowed);
  const parts = [`${agreeing} of ${total} cached tokens equal the golden ones`];
  if (unclear > 0) parts.push(`${unclear} unclear (margin below ${(2 * logitError).toExponential(2)})`);
  for (const { position, ours, golden, margin } of wrong.slice(0, 3)) {
    parts.push(`at ${position} chose ${ours}, golden ${golden}, margin ${margin.toExponential(2)}`);
  }
  return parts.join('; ');
}

async function dump(
  path: string,
  inputIds: readonly (readonly number[])[],
  vocabularySize: number,
  forms: FormsCheck,
  greedy: GreedyCheck,
): Promise<void> {
  const length = inputIds[0]?.length ?? 0;
  await writeFileAtomic(
    path,
    encodeSafetensors({
      tensors: [
        {
          name: 'logits',
          dtype: 'f32',
          shape: [inputIds.length, length, vocabularySize],
          bytes: bytesOf(forms.logits),
        },
        {
          name: 'greedy_ids',
          dtype: 'i32',
          shape: [1, greedy.greedyIds.length],
          bytes: bytesOf(Int32Array.from(greedy.greedyIds)),
        },
        ...forms.states.map(({ name, dtype, shape, bytes }) => ({
          name: `states.${name}`,
          dtype,
          shape,
          bytes,
        })),
      ],
      metadata: { format: 'hybra-verify', version: '1' },
    }),
  );
}
