/** Something that is trained: float32 on the device, with moments of its shape. */
export interface Variable {
  /** Dotted, such as `layers.3.mixer.inProjection.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies. */
  readonly decays: boolean;
  /** Whether it is a matrix that maps activations to activations: not embedding, head or convolution. */
  readonly isHiddenMatrix: boolean;
  /** Before the first step. */
  readonly values: Float32Array;
}
