import { argmax, type CompiledProgram, compile, type Tensors } from '@hybra/tensor';
import { tokenLosses } from './loss.js';
import type { StepSettings } from './step-program.js';
import { initialStates, trainableModel } from './trainable-model.js';

/**
 * Compiles a forward pass over rows of tokens with the variables as inputs of the names they have.
 *
 * inputs: `ids of tokens`, `targets of tokens` i32[batch, time], `places of tokens` of the same where rows are packed,
 * and each variable. outputs: `losses` f32[batch · time], `predicted`
 * i32[batch · time], the most probable token.
 */
export function compileEvaluation(
  settings: Pick<StepSettings, 'device' | 'config' | 'parameterization' | 'frozen' | 'dtype' | 'signal'>,
  { batch, time, isPacked }: { readonly batch: number; readonly time: number; readonly isPacked: boolean },
): Promise<CompiledProgram> {
  const { parameterization } = settings;
  const rows = { dtype: 'i32', shape: [batch, time] } as const;
  return compile({
    label: `evaluation of ${batch} × ${time} tokens`,
    device: settings.device,
    inputs: {
      'ids of tokens': rows,
      'targets of tokens': rows,
      ...(isPacked && { 'places of tokens': rows }),
      ...Object.fromEntries(
        parameterization.variables.map(({ name, shape }) => [name, { dtype: 'f32', shape } as const]),
      ),
    },
    ...(settings.signal && { signal: settings.signal }),
    build: ({ inputs }) => {
      const {
        'ids of tokens': ids,
        'targets of tokens': targets,
        'places of tokens': places,
        ...rest
      } = inputs;
      const trained: Tensors = rest;
      const { device, config, frozen, dtype } = settings;
      const parts = { device, config, parameterization, frozen, dtype, trained };
      const model = trainableModel(parts);
      const { losses, logits } = tokenLosses(
        model,
        { ids: ids!, targets: targets!, places },
        initialStates(model, parts, { batch, time }),
      );
      return { outputs: { losses, predicted: argmax(logits) } };
    },
  });
}
