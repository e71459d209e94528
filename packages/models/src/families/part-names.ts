/** Parts of layers as they are called in checkpoints of most families. */
export const partNames: Readonly<Record<string, string>> = {
  inProjection: 'in_proj',
  convolution: 'conv1d',
  parameterProjection: 'x_proj',
  timeStepProjection: 'dt_proj',
  timeStepBias: 'dt_bias',
  logDecay: 'A_log',
  skip: 'D',
  norm: 'norm',
  outProjection: 'out_proj',
  timeStepNorm: 'dt_layernorm',
  inputNorm: 'b_layernorm',
  outputNorm: 'c_layernorm',
  query: 'q_proj',
  key: 'k_proj',
  value: 'v_proj',
  output: 'o_proj',
  queryNorm: 'q_norm',
  keyNorm: 'k_norm',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
};

/** A parameter of a layer, taken apart. */
export interface LayerParameter {
  readonly layer: number;
  /** Whether it belongs to the norm before the layer. */
  readonly isNorm: boolean;
  /** The rest of its name, such as `query.weight`. */
  readonly part: string;
}

/** `layers.3.mixer.query.weight` → layer 3, part `query.weight`; `undefined` outside layers. */
export function layerParameter(parameter: string): LayerParameter | undefined {
  const match = /^layers\.(\d+)\.(norm|mixer)\.(.+)$/.exec(parameter);
  return match ? { layer: Number(match[1]), isNorm: match[2] === 'norm', part: match[3]! } : undefined;
}

/** `query.weight` → `q_proj.weight`. @param names those that differ from {@link partNames} */
export function partOnDisk(part: string, names: Readonly<Record<string, string>> = {}): string {
  const [first, ...rest] = part.replace(/centredWeight$/, 'weight').split('.');
  return [names[first!] ?? partNames[first!] ?? first, ...rest].join('.');
}
