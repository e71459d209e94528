import { languageExperiments } from './language-experiments.js';
import type { Experiment } from './plan.js';
import { copyingExperiments, mqarExperiment, phonebookExperiment } from './recall-experiments.js';

/** Every experiment, by name. */
export const experiments: Readonly<Record<string, Experiment>> = Object.fromEntries(
  [phonebookExperiment, mqarExperiment, ...copyingExperiments, ...languageExperiments].map((each) => [
    each.name,
    each,
  ]),
);
