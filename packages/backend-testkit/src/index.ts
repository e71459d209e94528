export { type ConformanceOptions, conformance } from './conformance.js';
export { type LosableDevice, losableDevice } from './loss/losable-device.js';
export { type LossyBackend, lossyBackend } from './loss/lossy-backend.js';
export { type NullBackend, type NullBackendOptions, nullBackend } from './null/null-backend.js';
export type { NullEvent, NullRecord } from './null/null-record.js';
export type { SkipReasons } from './suites/skip-list.js';
export { supportTable } from './support-table.js';
