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
  | { readonly kind: 'timeStep'; readonly low: number; readonly high: number; readonly floor: number }
  /** softplus⁻¹ of −log a, a² uniform between the squares of the two (De et al. 2024, §2.4). */
  | { readonly kind: 'recurrence'; readonly low: number; readonly high: number };

/** What is done once, in float32, to a stored parameter before it is used. */
export type Fold =
  /** A = −e^(A_log): `logDecay` → `decay`. */
  | 'decay'
  /** w + 1: `centredWeight` → `weight` (LayerNorm-1p, Gemma's RMSNorm). */
  | 'addOne'
  /** −8 softplus(Λ): `recurrence` → `logRecurrence` (De et al. 2024, eq. 6). */
  | 'logRecurrence';

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
  /** The parameter that this one is, where layers share one: it is stored and counted there. */
  readonly sharedWith?: string;
}

const foldedEndings: Readonly<Record<Fold, readonly [stored: RegExp, folded: string]>> = {
  decay: [/logDecay$/, 'decay'],
  addOne: [/centredWeight$/, 'weight'],
  logRecurrence: [/recurrence$/, 'logRecurrence'],
};

/** The name a parameter has once its fold is done. */
export function foldedName(spec: Pick<ParameterSpec, 'name' | 'fold'>): string {
  if (!spec.fold) return spec.name;
  const [stored, folded] = foldedEndings[spec.fold];
  return spec.name.replace(stored, folded);
}
