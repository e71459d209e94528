export { type GradientOptions, gradients } from './gradients.js';
export { createRecomputation, type Recomputation } from './recompute.js';
export { hasGradientRule } from './rules/index.js';
