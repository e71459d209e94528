import { initialWeights, modelFromWeights } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { byteTokenizer } from '@hybra/tokenizer';
import { createTrainer, schedule, streamBatches, type TokenSource } from '@hybra/train';
import { openDevice } from './open-device.js';
import type { TrainRequest, TrainStep } from './protocol.js';
import { type Session, sessionOf } from './session.js';
import { tinyHybrid } from './tiny-hybrid.js';

const rows = 2;
const time = 64;
const seed = 1;

/** How a training is followed and ended early. */
export interface TrainSessionOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (step: TrainStep) => void;
}

/**
 * Trains a small hybrid from random weights on the bytes of a text. An abort ends it early; the model is what it
 * was by then.
 * @returns the trained model, open
 * @throws E_ARGUMENT for a text that is too short, numbers out of range, or a training that diverges
 */
export async function trainSession(
  request: TrainRequest,
  { signal, onStep = () => {} }: TrainSessionOptions = {},
): Promise<Session> {
  const tokenizer = byteTokenizer();
  const bytes = tokenizer.encode(request.text);
  if (bytes.length <= time) {
    throw new HybraError(
      'E_ARGUMENT',
      `The text has ${bytes.length} bytes, and training needs more than ${time}. Paste a longer one.`,
      { bytes: bytes.length },
    );
  }
  const rate = schedule({ kind: 'cosine', peak: request.learningRate, steps: request.steps });
  const batches = streamBatches(tokensOf(bytes), { rows, time, seed });
  const { device, notice } = await openDevice(request.device);
  try {
    const weights = initialWeights(tinyHybrid, seed);
    const trainer = await createTrainer({ device, config: tinyHybrid, weights, batch: rows, time });
    let tokens = 0;
    const started = performance.now();
    while (trainer.step < request.steps && !signal?.aborted) {
      const { step, loss } = await trainer.takeStep(batches.at(trainer.step), rate(trainer.step + 1));
      tokens += rows * time;
      onStep({ step, loss, tokensPerSecond: (1000 * tokens) / (performance.now() - started) });
    }
    const trained = await trainer.weights();
    const { step } = trainer;
    trainer.dispose();
    const model = await modelFromWeights(tinyHybrid, trained, { device });
    return sessionOf({ name: `trained here, ${step} steps`, device, notice, model, tokenizer });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

function tokensOf(ids: readonly number[]): TokenSource {
  const tokens = Int32Array.from(ids);
  return {
    length: tokens.length,
    fingerprint: 'pasted text',
    read: (start, count, into, at) => into.set(tokens.subarray(start, start + count), at),
    close: () => {},
  };
}
