import { literal, mul, rope, type Tensor } from '@hybra/tensor';
import { type RopeOptions, ropeFrequencies, ropeMagnitude } from './rope-frequencies.js';

/** Turns the heads of queries and of keys by their positions. */
export interface Rotation {
  /** @param x `f32[B, T, heads, headSize]` @param positions `i32[B, T]` */
  query(x: Tensor, positions: Tensor): Tensor;
  /** As `query`; has the magnitude of the scaling in it, once for both. */
  key(x: Tensor, positions: Tensor): Tensor;
}

/** The rotation of an attention layer; without options it changes nothing. */
export function rotation(options: RopeOptions | undefined, headSize: number): Rotation {
  if (!options) return { query: (x) => x, key: (x) => x };
  const frequencies = ropeFrequencies(options);
  const magnitude = ropeMagnitude(options);
  // Sines and cosines of queries and keys are multiplied by the magnitude: their products by its square, as far
  // as heads are rotated.
  const scales = Float32Array.from({ length: headSize }, (_, index) =>
    index < options.rotarySize ? magnitude ** 2 : 1,
  );
  const turn = (x: Tensor, positions: Tensor): Tensor =>
    rope(x, positions, literal(frequencies, [frequencies.length], 'f32'), { interleaved: false });
  return {
    query: turn,
    key(x, positions) {
      const turned = turn(x, positions);
      return magnitude === 1 ? turned : mul(turned, literal(scales, [headSize], 'f32'));
    },
  };
}
