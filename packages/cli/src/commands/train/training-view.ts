import { formatBytes } from '@hybra/tensor';
import type { TrainingEvent } from '@hybra/train';
import type { Terminal } from '../../session/terminal.js';

const bars = '▁▂▃▄▅▆▇█';
const width = 24;

/** Shows a training: one line that is redrawn where a person looks on, a line now and then elsewhere. */
export interface TrainingView {
  show(event: TrainingEvent): void;
  end(): void;
}

/** @param steps of the whole training */
export function trainingView(terminal: Terminal, steps: number, write = redraw): TrainingView {
  const losses: number[] = [];
  let smoothed: number | undefined;
  let validation: number | undefined;
  let isDrawn = false;
  let shownAt = 0;
  const clear = (): void => {
    if (isDrawn) write('');
    isDrawn = false;
  };
  return {
    show(event) {
      switch (event.kind) {
        case 'step': {
          smoothed = smoothed === undefined ? event.loss : 0.9 * smoothed + 0.1 * event.loss;
          losses.push(smoothed);
          const line = [
            `step ${event.step}/${steps}`,
            `loss ${smoothed.toFixed(3)} ${terminal.isInteractive ? sparkline(losses) : ''}`.trim(),
            ...(validation === undefined ? [] : [`validation ${validation.toFixed(3)}`]),
            `${event.tokensPerSecond.toFixed(0)} tok/s`,
            `${duration(event.secondsLeft)} left`,
            formatBytes(event.memoryBytes),
          ].join(' | ');
          const now = performance.now();
          if (terminal.isInteractive) {
            write(line);
            isDrawn = true;
          } else if (now - shownAt > 10_000 || event.step === steps || event.step === 1) {
            terminal.note(line);
            shownAt = now;
          }
          return;
        }
        case 'evaluated':
          validation = event.loss;
          clear();
          terminal.note(
            `step ${event.step}: validation loss ${event.loss.toFixed(4)}${event.isBest ? '' : ' (no improvement)'}`,
          );
          return;
        case 'resumed':
          terminal.note(`continuing after step ${event.step}`);
          return;
        case 'warning':
          clear();
          terminal.note(`${terminal.colours.yellow('warning')} ${event.message}`);
          return;
        case 'saved':
          return;
        case 'stopped':
          clear();
          terminal.note(`stopped after step ${event.step}: ${event.reason}`);
      }
    },
    end: clear,
  };
}

function redraw(line: string): void {
  process.stderr.write(`\r\u001b[2K${line}`);
}

/** The course of the loss in a few characters. */
export function sparkline(values: readonly number[]): string {
  const count = Math.min(width, values.length);
  const shown = Array.from(
    { length: count },
    (_, i) => values[Math.floor(((i + 1) * values.length) / count) - 1]!,
  );
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  return shown
    .map((value) => bars[Math.round(((value - low) / (high - low || 1)) * (bars.length - 1))])
    .join('');
}

/** `3 h 05 min`, `4 min 10 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 3600)
    return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, '0')} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${whole} s`;
}
