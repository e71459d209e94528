/** How a parameter is drawn before training. */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  /** In (−bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }
  /** log(1 … N) along the last axis: S4D-real (Gu & Dao 2023, §3.6). */
  | { readonly kind: 'logOfIndex' }
  /** log of a uniform number between the two (Mamba-2). */
  | { readonly kind: 'logOfUniform'; readonly low: number; readonly high: number }
  /** softplus⁻¹ of a log-uniform number between the two, and not below the floor. */
  | { readonly kind: 'timeStep'; readonly low: number; readonly high: number; readonly floor: number };

/** What is done once, in float32, to a stored parameter before it is used. */
export type Fold =
  /** A = −e^(A_log): `logDecay` → `decay`. */
  | 'decay'
  /** w + 1: `centredWeight` → `weight` (LayerNorm-1p). */
  | 'addOne';

/** One parameter of a model, known from its configuration alone. */
export interface ParameterSpec {
  /** Dotted, such as `layers.3.mixer.inProjection.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of its layer; −1 for embedding, final norm and head. */
  readonly layer: number;
  /** `wide`: float32 always. `narrow`: the dtype that the caller asks for. */
  readonly precision: 'wide' | 'narrow';
  readonly fold?: Fold;
  readonly initial: Initial;
}

/** The name a parameter has once its fold is done. */
export function foldedName(spec: ParameterSpec): string {
  if (spec.fold === 'decay') return spec.name.replace(/logDecay$/, 'decay');
  if (spec.fold === 'addOne') return spec.name.replace(/centredWeight$/, 'weight');
  return spec.name;
}
