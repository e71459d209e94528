/** Something that is trained: float32 on the device, with two moments of its shape. */
export interface Variable {
  /** Dotted, such as `layers.3.mixer.inProjection.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies. */
  readonly decays: boolean;
  /** Before the first step. */
  readonly values: Float32Array;
}
