import { type Environment, Interpreter } from '@huggingface/jinja';
import { TokenizerError } from '../error.js';

type Evaluate = Interpreter['evaluate'];

/** The Jinja interpreter with a limit on its time, so that a template cannot loop for ever. */
export class BoundedInterpreter extends Interpreter {
  readonly #limitMilliseconds: number;
  readonly #start = performance.now();

  constructor(environment: Environment, limitMilliseconds: number) {
    super(environment);
    this.#limitMilliseconds = limitMilliseconds;
  }

  override evaluate(...[statement, environment]: Parameters<Evaluate>): ReturnType<Evaluate> {
    if (performance.now() - this.#start > this.#limitMilliseconds) {
      throw new TokenizerError(
        'E_FORMAT',
        `Chat template: still running after ${this.#limitMilliseconds} milliseconds.`,
        { limitMilliseconds: this.#limitMilliseconds },
      );
    }
    return super.evaluate(statement, environment);
  }
}
