export {
  byteSize,
  type DType,
  dtypes,
  type HostArray,
  hostArray,
  hostView,
  isDType,
  isFloat,
  isHalf,
  isInteger,
} from './dtype.js';
export { type ErrorCode, type ErrorDetails, HybraError, throwIfAborted } from './errors.js';
