import type { RopeScaling } from './rope-frequencies.js';

type Yarn = Extract<RopeScaling, { readonly kind: 'yarn' }>;

/**
 * Frequencies of YaRN (Peng et al. 2023, §3.2): pairs that go round often within the first context keep their
 * frequency, those that hardly do have it divided by `factor`, with a ramp between.
 * @param frequencies of plain RoPE
 */
export function yarnFrequencies(
  frequencies: Float32Array,
  options: { readonly rotarySize: number; readonly theta: number },
  scaling: Yarn,
): Float32Array {
  const { rotarySize, theta } = options;
  // The pair that goes round `turns` times within the first context.
  const pairOf = (turns: number): number =>
    (rotarySize * Math.log(scaling.originalContextLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const round = scaling.isTruncated ? { down: Math.floor, up: Math.ceil } : { down: same, up: same };
  const low = Math.max(round.down(pairOf(scaling.fastTurns)), 0);
  const high = Math.min(round.up(pairOf(scaling.slowTurns)), rotarySize - 1);
  const width = low === high ? 0.001 : high - low;
  return frequencies.map((frequency, pair) => {
    const stretched = Math.min(Math.max((pair - low) / width, 0), 1);
    return (frequency / scaling.factor) * stretched + frequency * (1 - stretched);
  });
}

function same(value: number): number {
  return value;
}
