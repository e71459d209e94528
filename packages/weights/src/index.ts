export { castElements } from './casts/cast-elements.js';
export { blobDirectory } from './checkpoint/blob-directory.js';
export { bytesDirectory } from './checkpoint/bytes-directory.js';
export type { Directory } from './checkpoint/directory.js';
export { folderDirectory } from './checkpoint/folder-directory.js';
export { httpDirectory } from './checkpoint/http-directory.js';
export { openCheckpoint } from './checkpoint/open-checkpoint.js';
export { readJson, readOptionalJson } from './checkpoint/read-json.js';
export { type ReadFileOptions, readSmallFile } from './checkpoint/read-small-file.js';
export {
  type TakenWeight,
  type TakeOptions,
  takeWeights,
  type WeightTaker,
} from './checkpoint/take-weights.js';
export type { GgmlType, GgmlTypeName } from './gguf/ggml-type.js';
export {
  blocksOfValues,
  type GgufBlockType,
  ggufSchemes,
  isBlockType,
  matrixOfBlocks,
} from './gguf/gguf-matrix.js';
export type { GgufScalarType, GgufValue } from './gguf/header-value.js';
export { type ByteRange, type GgufFile, openGguf } from './gguf/open-gguf.js';
export { openGgufParts } from './gguf/open-gguf-parts.js';
export type { GgufTensor } from './gguf/parse-gguf-header.js';
export {
  encodeGguf,
  type GgufField,
  type GgufTensorToWrite,
  type GgufToWrite,
  type WriteGgufOptions,
  writeGguf,
} from './gguf/write-gguf.js';
export { hashCheck } from './integrity/hash-check.js';
export { type HashOptions, sha256Hex, sha256OfSource } from './integrity/sha256.js';
export { dequantizeMatrix } from './quantization/dequantize-matrix.js';
export { type QuantSchemeName, quantSchemes } from './quantization/quant-schemes.js';
export { type QuantizedMatrix, quantizeMatrix } from './quantization/quantize-matrix.js';
export { type FileDType, fileByteSize } from './safetensors/file-dtype.js';
export { openSafetensors } from './safetensors/open-safetensors.js';
export type { TensorEntry, WeightSource } from './safetensors/weight-source.js';
export { blobSource } from './sources/blob-source.js';
export type { ByteSource } from './sources/byte-source.js';
export { bytesSource } from './sources/bytes-source.js';
export { fileSource } from './sources/file-source.js';
export type { HttpOptions } from './sources/http/http-options.js';
export { httpSource } from './sources/http-source.js';
export { openTorch } from './torch/open-torch.js';
export {
  isKind,
  type PickleDict,
  type PickleInert,
  type PickleValue,
  type TorchTensor,
} from './torch/pickle-values.js';
export type { SavedRoot, SavedValue } from './torch/saved-value.js';
export { readTorchArchive, type TorchArchive } from './torch/torch-archive.js';
export type { TorchTensorToWrite } from './torch/torch-tensor-to-write.js';
export { type WriteTorchOptions, writeTorch } from './torch/write-torch.js';
export { encodeSafetensors } from './writing/encode-safetensors.js';
export { joinBytes } from './writing/join-bytes.js';
export type { WriteOptions } from './writing/replace-file.js';
export type { TensorToEncode, TensorToWrite } from './writing/tensor-to-write.js';
export { writeFileAtomic } from './writing/write-file-atomic.js';
export { type WriteSafetensorsOptions, writeSafetensors } from './writing/write-safetensors.js';
