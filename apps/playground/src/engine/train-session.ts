import { initialWeights, modelFromWeights } from '@hybra/models';
import { createTrainer, schedule } from '@hybra/train';
import type { Course } from './courses/course.js';
import { phonebookCourse } from './courses/phonebook-course.js';
import { textCourse } from './courses/text-course.js';
import { openDevice } from './open-device.js';
import type { TrainRequest, TrainStep, TrainSubject } from './protocol.js';
import { type Session, sessionOf } from './session.js';

const seed = 1;

/** How a training is followed and ended early. */
export interface TrainSessionOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (step: TrainStep) => void;
}

/**
 * Trains a small hybrid from random weights. An abort ends it early; the model is what it was by then.
 * @returns the trained model, open
 * @throws E_ARGUMENT for a text that is too short, numbers out of range, or a training that diverges
 */
export async function trainSession(
  request: TrainRequest,
  { signal, onStep = () => {} }: TrainSessionOptions = {},
): Promise<Session> {
  const course = courseOf(request.subject);
  const { config, tokenizer, rows, time, batchAt, examination, opening } = course;
  const rate = schedule({ kind: course.schedule, peak: request.learningRate, steps: request.steps });
  const { device, notice } = await openDevice(request.device);
  try {
    const weights = initialWeights(config, seed);
    const trainer = await createTrainer({ device, config, weights, batch: rows, time });
    let tokens = 0;
    let seconds = 0;
    while (trainer.step < request.steps && !signal?.aborted) {
      const started = performance.now();
      const { step, loss } = await trainer.takeStep(batchAt(trainer.step), rate(trainer.step + 1));
      tokens += rows * time;
      seconds += (performance.now() - started) / 1000;
      const isExamined = examination && (step % examination.every === 0 || step === request.steps);
      const accuracy = isExamined && (await examination.accuracy(trainer));
      onStep({
        step,
        loss,
        tokensPerSecond: tokens / seconds,
        ...(typeof accuracy === 'number' && { accuracy }),
      });
    }
    const trained = await trainer.weights();
    const { step } = trainer;
    trainer.dispose();
    const model = await modelFromWeights(config, trained, { device });
    return sessionOf({ name: `trained here, ${step} steps`, device, notice, model, tokenizer, opening });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

function courseOf(subject: TrainSubject): Course {
  return subject.kind === 'text' ? textCourse(subject.text, seed) : phonebookCourse(seed);
}
