import { Interpreter } from '@huggingface/jinja';
import { TokenizerError } from '../error.js';

type Evaluate = Interpreter['evaluate'];

/**
 * Steps that a template may take. A step takes well under a microsecond; the longest published templates take
 * some thousands per message.
 */
const stepLimit = 5_000_000;

/** The Jinja interpreter with a limit on its steps, so that a template cannot loop for ever. */
export class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(...[statement, environment]: Parameters<Evaluate>): ReturnType<Evaluate> {
    this.#steps += 1;
    if (this.#steps > stepLimit) {
      throw new TokenizerError('E_FORMAT', `Chat template: still running after ${stepLimit} steps.`, {
        stepLimit,
      });
    }
    return super.evaluate(statement, environment);
  }
}
