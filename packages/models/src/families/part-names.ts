/** Parts of layers as they are called in checkpoints of every family here. */
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
  query: 'q_proj',
  key: 'k_proj',
  value: 'v_proj',
  output: 'o_proj',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
};

/** `layers.3.mixer.query.weight` → `{ layer: 3, unit: 'mixer', part: 'q_proj.weight' }`; `undefined` outside layers. */
export function layerPart(
  parameter: string,
): { readonly layer: number; readonly unit: string; readonly part: string } | undefined {
  const [layers, layer, unit, first, ...rest] = parameter.split('.');
  if (layers !== 'layers' || unit === undefined || first === undefined) return undefined;
  const part = unit === 'mixer' ? (partNames[first] ?? first) : first;
  return { layer: Number(layer), unit, part: [part, ...rest].join('.') };
}
