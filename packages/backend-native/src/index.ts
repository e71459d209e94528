export type { LoadedAddon } from './addon/load-addon.js';
export { type NativeOptions, native } from './backend.js';
export { type CeilingMeter, type Ceilings, ceilingMeter } from './ceilings.js';
export type { HalfProducts, Products, QuantizedProducts } from './kernels/products.js';
