export type { LoadedAddon } from './addon/load-addon.js';
export { type NativeOptions, native } from './backend.js';
