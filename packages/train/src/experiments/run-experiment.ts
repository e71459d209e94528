import type { Device } from '@hybra/spec';
import { nodeModule } from '../platform/node-module.js';
import { htmlReport } from '../report/html-report.js';
import type { Experiment, ExperimentData, Plan } from './plan.js';
import { type CellResult, readResults, writeResults } from './results.js';
import { type Cell, isSame, runCell } from './run-cell.js';
import { bestRate, plotsOf, tableOf } from './summary.js';

/** How to run an experiment. */
export interface ExperimentOptions {
  readonly size: 'quick' | 'full';
  readonly data: ExperimentData;
  readonly device: Device;
  /** For `config.json`, `results.json`, `report.html` and `table.md`. */
  readonly folder: string;
  /** No cell is begun after this time: the rest is done when the experiment is started again. */
  readonly minutes?: number;
  /** Instead of the plan's steps, to try an experiment out; kept apart by the results' configuration. */
  readonly steps?: number;
  /** Instead of the plan's learning rates. */
  readonly learningRates?: readonly number[];
  /** Instead of the plan's number of seeds. */
  readonly seeds?: number;
  /** Only these models. */
  readonly models?: readonly string[];
  /** Only these comparisons. */
  readonly comparisons?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, last: CellResult | undefined) => void;
}

/** Applies the options that make a plan smaller. */
export function planOf(
  experiment: Experiment,
  options: Pick<
    ExperimentOptions,
    'size' | 'data' | 'steps' | 'learningRates' | 'seeds' | 'models' | 'comparisons'
  >,
): Plan {
  const plan = experiment.plan(options.size, options.data);
  const steps = options.steps ?? plan.protocol.steps;
  const isWanted = (name: string, wanted: readonly string[] | undefined): boolean =>
    !wanted || wanted.includes(name);
  return {
    ...plan,
    protocol: {
      steps,
      learningRates: options.learningRates ?? plan.protocol.learningRates,
      seeds: options.seeds ?? plan.protocol.seeds,
    },
    comparisons: plan.comparisons
      .filter(({ name }) => isWanted(name, options.comparisons))
      .map((comparison) => ({
        ...comparison,
        models: Object.fromEntries(
          Object.entries(comparison.models).filter(([name]) => isWanted(name, options.models)),
        ),
      })),
  };
}

/**
 * Runs an experiment cell by cell: each model with each learning rate, then its best rate with the other seeds.
 * Results are written after every cell; what is there already is not done again.
 * @returns whether all of it is done, and the table so far
 * @throws E_CONFIG when the folder holds other results; E_ABORTED is not thrown: the run ends between two steps
 */
export async function runExperiment(
  experiment: Experiment,
  options: ExperimentOptions,
): Promise<{ isComplete: boolean; table: string; cells: readonly CellResult[] }> {
  const plan = planOf(experiment, options);
  const facts = {
    experiment: experiment.name,
    size: options.size,
    config: { ...plan.config, protocol: plan.protocol },
  };
  const cells = await readResults(options.folder, facts);
  const { learningRates, seeds } = plan.protocol;
  const perModel = learningRates.length + seeds - 1;
  const total = plan.comparisons.reduce((sum, { models }) => sum + Object.keys(models).length * perModel, 0);
  const deadline = performance.now() + (options.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  let isComplete = true;
  let done = 0;
  const save = async (): Promise<void> => {
    await writeResults(options.folder, { ...facts, cells });
    await writeReports(experiment, plan, cells, options);
  };
  const ensure = async (cell: Cell): Promise<void> => {
    done++;
    if (cells.some((each) => isSame(each, cell))) return;
    if (!isComplete || options.signal?.aborted || performance.now() > deadline) {
      isComplete = false;
      return;
    }
    const result = await runCell(cell, plan.protocol, options);
    if (!result) {
      isComplete = false;
      return;
    }
    cells.push(result);
    await save();
    options.onProgress?.(done, total, result);
  };
  for (const comparison of plan.comparisons) {
    for (const [model, config] of Object.entries(comparison.models)) {
      const cell = { comparison, model, config };
      for (const learningRate of learningRates) await ensure({ ...cell, learningRate, seed: 1 });
      const own = cells.filter(
        (each) => each.comparison === comparison.name && each.model === model && each.seed === 1,
      );
      const best = bestRate(own, plan.metric);
      for (let seed = 2; seed <= seeds; seed++) {
        if (best === undefined || own.length < learningRates.length) done++;
        else await ensure({ ...cell, learningRate: best, seed });
      }
    }
  }
  await save();
  return { isComplete, table: tableOf(plan, cells), cells };
}

async function writeReports(
  experiment: Experiment,
  plan: Plan,
  cells: readonly CellResult[],
  { folder, size, device }: ExperimentOptions,
): Promise<void> {
  const { writeFile } = nodeModule('node:fs/promises', 'an experiment');
  const { join } = nodeModule('node:path', 'an experiment');
  const { protocol } = plan;
  const config = { experiment: experiment.name, size, ...plan.config, protocol };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await writeFile(join(folder, 'table.md'), tableOf(plan, cells));
  const page = await htmlReport({
    title: experiment.question,
    text: experiment.notes,
    facts: [
      ['experiment', `${experiment.name} --${size}`],
      ['steps', `${protocol.steps}`],
      ['learning rates', protocol.learningRates.join(', ')],
      ['seeds', `${protocol.seeds}`],
      ['runs done', `${cells.length}`],
      ['device', device.name],
    ],
    plots: plotsOf(plan, cells),
  });
  await writeFile(join(folder, 'report.html'), page);
}
