import type { Plot } from '../report/html-report.js';
import type { Comparison, Plan } from './plan.js';
import type { CellResult } from './results.js';
import type { Scores } from './task.js';

/** A model's runs with its best learning rate. */
export interface Summary {
  readonly comparison: string;
  readonly model: string;
  readonly parameters: number;
  readonly state: CellResult['state'];
  readonly learningRate: number;
  readonly seeds: number;
  /** Mean over the seeds, and the distance of the furthest from it. */
  readonly points: readonly {
    readonly x: number;
    readonly isInside: boolean;
    readonly mean: number;
    readonly spread: number;
  }[];
}

/** The score that a model is ranked by: the mean inside the lengths of training, larger is better. */
export function rank(scores: readonly Scores[], metric: Plan['metric']): number {
  const inside = scores.filter(({ isInside }) => isInside);
  if (inside.length === 0) return Number.NEGATIVE_INFINITY;
  const mean = inside.reduce((sum, each) => sum + each[metric], 0) / inside.length;
  return metric === 'loss' ? -mean : mean;
}

/** The best learning rate of a sweep; undefined where all diverged. */
export function bestRate(cells: readonly CellResult[], metric: Plan['metric']): number | undefined {
  const sorted = cells
    .filter(({ scores }) => scores.length > 0)
    .sort((a, b) => rank(b.scores, metric) - rank(a.scores, metric));
  return sorted[0]?.learningRate;
}

/** Every model of a comparison with its best learning rate, as far as it has run. */
export function summarize(comparison: Comparison, cells: readonly CellResult[], plan: Plan): Summary[] {
  return Object.keys(comparison.models).flatMap((model): Summary[] => {
    const own = cells.filter((cell) => cell.comparison === comparison.name && cell.model === model);
    const learningRate = bestRate(
      own.filter(({ seed }) => seed === 1),
      plan.metric,
    );
    const runs = own.filter((cell) => cell.learningRate === learningRate && cell.scores.length > 0);
    const [first] = runs;
    if (!first || learningRate === undefined) return [];
    const points = first.scores.map(({ x, isInside }, index) => {
      const values = runs.map(({ scores }) => scores[index]![plan.metric]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { x, isInside, mean, spread: Math.max(...values.map((value) => Math.abs(value - mean))) };
    });
    const { parameters, state } = first;
    return [
      { comparison: comparison.name, model, parameters, state, learningRate, seeds: runs.length, points },
    ];
  });
}

const axis = {
  exact: 'rows with every token right',
  accuracy: 'tokens right',
  loss: 'nats per token',
} as const;

/** Scores over lengths, and the course of training, for each comparison. */
export function plotsOf(plan: Plan, cells: readonly CellResult[]): Plot[] {
  return plan.comparisons.flatMap((comparison): Plot[] => {
    const summaries = summarize(comparison, cells, plan);
    const task = comparison.task(1);
    const most = Math.max(...task.evaluations.filter(({ isInside }) => isInside).map(({ x }) => x));
    return [
      {
        title: `${comparison.name}: trained up to ${most} ${task.x}`,
        x: task.x,
        y: axis[plan.metric],
        hasMarks: true,
        ...(plan.metric !== 'loss' && { range: [0, 1.02] as const }),
        series: summaries.map(({ model, points }) => ({
          label: model,
          points: points.map(({ x, mean }) => [x, mean] as const),
        })),
      },
      {
        title: `${comparison.name}: training loss, first seed`,
        x: 'step',
        y: 'nats per target',
        series: summaries.map(({ model, learningRate }) => ({
          label: model,
          points:
            cells.find(
              (cell) =>
                cell.comparison === comparison.name &&
                cell.model === model &&
                cell.learningRate === learningRate &&
                cell.seed === 1,
            )?.curve ?? [],
        })),
      },
    ];
  });
}

/** A summary as a table in Markdown. */
export function tableOf(plan: Plan, cells: readonly CellResult[]): string {
  const lines: string[] = [];
  for (const comparison of plan.comparisons) {
    const summaries = summarize(comparison, cells, plan);
    if (summaries.length === 0) continue;
    const task = comparison.task(1);
    const heads = task.evaluations.map(({ x, isInside }) => `${x}${isInside ? '' : ' (beyond)'}`);
    lines.push(
      `**${comparison.name}**: ${axis[plan.metric]} by ${task.x}, mean over the seeds ± the furthest`,
      '',
    );
    lines.push(`| model | parameters | state | rate | seeds | ${heads.join(' | ')} |`);
    lines.push(`|---|---|---|---|---|${heads.map(() => '---|').join('')}`);
    for (const { model, parameters, state, learningRate, seeds, points } of summaries) {
      const size = [
        state.constant > 0 ? `${state.constant}` : '',
        state.perToken > 0 ? `${state.perToken} per token` : '',
      ]
        .filter(Boolean)
        .join(' + ');
      const values = points.map(({ mean, spread }) => `${mean.toFixed(3)} ± ${spread.toFixed(3)}`);
      lines.push(
        `| ${model} | ${parameters} | ${size} | ${learningRate} | ${seeds} | ${values.join(' | ')} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}
