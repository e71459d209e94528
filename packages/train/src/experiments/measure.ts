import type { Trainer } from '../trainer/trainer.js';
import type { Scores, Task } from './task.js';

/** Measures a trained model on all that its task asks. */
export async function measure(
  trainer: Trainer,
  { evaluations }: Pick<Task, 'evaluations'>,
): Promise<Scores[]> {
  const scores: Scores[] = [];
  for (const { x, isInside, batches } of evaluations) {
    let [loss, right, targets, exact, rows] = [0, 0, 0, 0, 0];
    for (const batch of batches) {
      const { losses, predicted } = await trainer.evaluate(batch);
      for (let row = 0; row < batch.rows; row++) {
        let asked = 0;
        let hits = 0;
        for (let place = row * batch.time; place < (row + 1) * batch.time; place++) {
          const target = batch.targets[place]!;
          if (target < 0) continue;
          asked++;
          loss += losses[place]!;
          if (predicted[place] === target) hits++;
        }
        if (asked === 0) continue;
        targets += asked;
        right += hits;
        rows++;
        if (hits === asked) exact++;
      }
    }
    scores.push({ x, isInside, loss: loss / targets, accuracy: right / targets, exact: exact / rows, rows });
  }
  return scores;
}
