export {
  buildModel,
  type LayerRun,
  type Model,
  type ModelParts,
  type RunLayer,
} from './build/build-model.js';
export type { ParameterSource } from './build/parameter-source.js';
export type { HybridConfig, Multipliers, NormConfig } from './config/hybrid-config.js';
export type {
  AttentionConfig,
  LayerConfig,
  Mamba2Config,
  MambaConfig,
  MlpConfig,
} from './config/layer-configs.js';
export { layerPattern, type PatternKind, parsePattern } from './config/layer-pattern.js';
export { type Fold, foldedName, type Initial, type ParameterSpec } from './config/parameter-spec.js';
export { parameterCount, parameterSpecs } from './config/parameter-specs.js';
export { patternOf } from './config/pattern-of.js';
export type { ExportedTensor } from './export/exported-tensors.js';
export { type MegatronArguments, precisionArguments } from './export/megatron-arguments.js';
export type { CheckpointToExport } from './export/open-for-export.js';
export { type HuggingFaceExport, toHuggingFace } from './export/to-hugging-face.js';
export { type MambaSsmExport, toMambaSsm } from './export/to-mamba-ssm.js';
export { type MegatronExport, toMegatron } from './export/to-megatron.js';
export { families, familyOf, parseConfig } from './families/families.js';
export type { Family } from './families/family.js';
export { type StoredForm, type StoredRun, tensorShape } from './families/stored-form.js';
export { tensorNameMap } from './families/tensor-name-map.js';
export { type GgufContents, ggufContents } from './gguf/gguf-contents.js';
export { ggufDirectory } from './gguf/gguf-directory.js';
export { type ToGgufOptions, toGguf } from './gguf/to-gguf.js';
export type { GgufOutputType } from './gguf/write/tensor-type.js';
export { type HostWeights, initialWeights } from './initialize/initial-weights.js';
export { uniformStream } from './initialize/uniform-stream.js';
export { loadModel, modelFromCheckpoint, type OpenCheckpoint } from './load/load-model.js';
export type { LoadOptions, LoadProgress } from './load/load-options.js';
export { type LoadedWeights, loadWeights } from './load/load-weights.js';
export { modelFromWeights } from './load/model-from-weights.js';
export type { Placement } from './load/placement.js';
export { type MegatronCheckpoint, megatronFile, openMegatron } from './megatron/open-megatron.js';
export { mistralDirectory } from './mistral/mistral-directory.js';
export { type PresetName, preset, presetNames } from './presets/presets.js';
export { type QuantizableTensor, quantizableTensors } from './quantization/quantizable-tensors.js';
export {
  quantizationConfig,
  quantizationVersion,
  readQuantSchemes,
} from './quantization/quantization-config.js';
