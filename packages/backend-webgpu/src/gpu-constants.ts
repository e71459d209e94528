/**
 * Flags of the WebGPU specification. Browsers have them as globals; Node does not, and this package looks at
 * no globals.
 * @see https://www.w3.org/TR/webgpu/#namespacedef-gpubufferusage
 */
export const bufferUsage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyDestination: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const;

/** @see https://www.w3.org/TR/webgpu/#namespacedef-gpumapmode */
export const mapModeRead = 0x1;

/** @see https://www.w3.org/TR/webgpu/#namespacedef-gpushaderstage */
export const shaderStageCompute = 0x4;
