import { type HeadlineName, headlineLabels } from './headline-models.js';
import type { DecodeResult, HeadlineResults } from './headline-results.js';

/** A line of a figure: y by tokens of context. */
export interface FigureLine {
  readonly label: string;
  readonly points: readonly (readonly [context: number, y: number])[];
  readonly isDashed?: boolean;
}

/** A plot over contexts on a logarithmic axis. */
export interface Figure {
  /** Ending of its file's name. */
  readonly name: string;
  readonly title: string;
  readonly y: string;
  readonly isLogarithmic: boolean;
  readonly lines: readonly FigureLine[];
}

/** "Up to 8 times faster", predicted for long contexts: abstract of arXiv 2406.07887. */
const paperSpeedUp = 8;

/**
 * How many times as fast the hybrid decodes, for both Transformers; the time of a step of one sequence; and tokens a
 * second with the best of the batches that fit.
 */
export function figuresOf(results: HeadlineResults): Figure[] {
  const models = Object.keys(headlineLabels) as HeadlineName[];
  return [
    speedUp(results, 'transformer', 'speed-up'),
    speedUp(results, 'transformer-gqa', 'speed-up-gqa'),
    {
      name: 'throughput',
      title: 'Decoding with the best of the batches that fit into memory',
      y: 'tokens a second',
      isLogarithmic: true,
      lines: models.map((model) => ({
        label: headlineLabels[model],
        points: bestThroughput(results, model),
      })),
    },
    {
      name: 'step',
      title: 'Time of a decode step, one sequence',
      y: 'milliseconds',
      isLogarithmic: true,
      lines: models.map((model) => ({
        label: headlineLabels[model],
        points: results.decode
          .filter((cell) => cell.model === model && cell.batch === 1)
          .flatMap(({ context, seconds }) =>
            seconds === undefined ? [] : [[context, 1e3 * seconds] as const],
          )
          .sort(byContext),
      })),
    },
  ];
}

/** Cells of a model by batch and context. @returns undefined where there is none, or no time */
export function secondsOf(
  decode: readonly DecodeResult[],
  model: HeadlineName,
  { batch, context }: Pick<DecodeResult, 'batch' | 'context'>,
): number | undefined {
  return decode.find((cell) => cell.model === model && cell.batch === batch && cell.context === context)
    ?.seconds;
}

/** Tokens a second of all sequences together, by context. */
export function bestThroughput({ decode }: HeadlineResults, model: HeadlineName): [number, number][] {
  const best = new Map<number, number>();
  for (const { model: name, context, batch, seconds } of decode) {
    if (name !== model || seconds === undefined) continue;
    best.set(context, Math.max(best.get(context) ?? 0, batch / seconds));
  }
  return [...best].sort(byContext);
}

function speedUp({ decode }: HeadlineResults, peer: HeadlineName, name: string): Figure {
  const hybrid = decode.filter(({ model }) => model === 'hybrid');
  const contexts = [...new Set(hybrid.map(({ context }) => context))].sort((a, b) => a - b);
  const batches = [...new Set(hybrid.map(({ batch }) => batch))].sort((a, b) => a - b);
  const lines = batches.map((batch) => ({
    label: `batch ${batch}`,
    points: contexts.flatMap((context) => {
      const [ours, theirs] = [
        secondsOf(decode, 'hybrid', { batch, context }),
        secondsOf(decode, peer, { batch, context }),
      ];
      return ours === undefined || theirs === undefined ? [] : [[context, theirs / ours] as const];
    }),
  }));
  return {
    name,
    title: `Decoding: ${headlineLabels.hybrid} over ${headlineLabels[peer]}`,
    y: 'times as fast',
    isLogarithmic: false,
    lines: [
      ...lines,
      {
        label: 'paper: up to 8',
        points: contexts.map((context) => [context, paperSpeedUp] as const),
        isDashed: true,
      },
    ],
  };
}

function byContext([a]: readonly [number, number], [b]: readonly [number, number]): number {
  return a - b;
}
