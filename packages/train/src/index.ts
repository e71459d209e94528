export {
  type CheckpointFacts,
  openLatestCheckpoint,
  saveCheckpoint,
} from './checkpoint/checkpoint.js';
export type { Batch, BatchSource } from './data/batch.js';
export { documentBatches } from './data/document-batches.js';
export { packedBatches } from './data/packed-batches.js';
export { permutation } from './data/permutation.js';
export { readTokens, type TextTokenizer, type TokenizedText } from './data/read-text.js';
export { evaluationBatches, type StreamOptions, streamBatches } from './data/stream-batches.js';
export { arrayTokens, fileTokens, type TokenSource } from './data/token-source.js';
export { exampleText } from './example-text.js';
export { estimateGpuMinutes } from './experiments/estimate-gpu-minutes.js';
export { experiments } from './experiments/experiments.js';
export { measure } from './experiments/measure.js';
export type { Comparison, Experiment, ExperimentData, Plan, Protocol } from './experiments/plan.js';
export type { CellResult, Results } from './experiments/results.js';
export { type ExperimentOptions, planOf, runExperiment } from './experiments/run-experiment.js';
export type { Scores, Task, TaskEvaluation } from './experiments/task.js';
export { type PhonebookOptions, phonebook, phonebookIds } from './experiments/tasks/phonebook.js';
export { type ExportOptions, exportModel } from './export/export-model.js';
export { huggingFaceConfig } from './export/hugging-face-config.js';
export { type AdamWOptions, adamW } from './optimizer/adamw.js';
export type { MuonOptions } from './optimizer/muon.js';
export { type ScheduleOptions, schedule } from './optimizer/schedule.js';
export { decays } from './parameters/decays.js';
export type { TrainingMode } from './parameters/parameterization.js';
export { htmlReport, type Plot, type PlotSeries, type Report } from './report/html-report.js';
export { openTensorBoardLog } from './report/tensorboard/tensorboard-log.js';
export { openTrainingLog, plotsOfLog, type TrainingLog } from './report/training-log.js';
export {
  type StepEvent,
  type TrainingEvent,
  type TrainingResult,
  type TrainOptions,
  train,
} from './trainer/train.js';
export {
  createTrainer,
  type StepResult,
  Trainer,
  type TrainerOptions,
  type TrainingMemory,
} from './trainer/trainer.js';
