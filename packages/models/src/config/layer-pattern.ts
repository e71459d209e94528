import { HybraError } from '@hybra/spec';

/** Kinds of layer that a pattern can name. */
export type PatternKind = 'mamba2' | 'attention' | 'mlp' | 'experts';

const kinds: Readonly<Record<string, PatternKind>> = {
  M: 'mamba2',
  '*': 'attention',
  '-': 'mlp',
  '+': 'mlp', // as the paper prints it
  E: 'experts',
};

/**
 * Spreads attention and MLP layers over a hybrid: Algorithm 1 of arXiv 2406.07887, appendix A. Attention
 * layers cut the Mamba layers into runs of equal length, with one before the first and one after the last;
 * MLP layers then take the place of Mamba layers at even distances, never that of an attention layer.
 * @param options.layers total, 1 … 4096
 * @param options.attentionRatio share of attention layers, 0 … 1
 * @param options.mlpRatio share of MLP layers, 0 … 1; together with attention at most 1
 * @returns one letter a layer: `M` Mamba, `*` attention, `-` MLP
 * @throws E_CONFIG
 * @example layerPattern({ layers: 12, attentionRatio: 0.08, mlpRatio: 0.5 }) // 'M-M-M-*-M-M-'
 */
export function layerPattern(options: {
  readonly layers: number;
  readonly attentionRatio: number;
  readonly mlpRatio: number;
}): string {
  const { layers, attentionRatio, mlpRatio } = options;
  check(layers, attentionRatio, mlpRatio);
  const pattern = new Array<string>(layers).fill('M');

  const attentionLayers = roundHalfToEven(layers * attentionRatio);
  if (attentionLayers > 0) {
    const run = (layers - attentionLayers) / (attentionLayers + 1);
    place(pattern, '*', run);
  }
  const mlpLayers = roundHalfToEven(layers * mlpRatio);
  if (mlpLayers > 0) {
    const run = (layers - attentionLayers - mlpLayers) / mlpLayers;
    place(pattern, '-', run);
  }
  return pattern.join('');
}

/** Puts `letter` over an `M` after every `run` of them, carrying the fraction on. */
function place(pattern: string[], letter: string, run: number): void {
  let left = run;
  for (const [index, present] of pattern.entries()) {
    if (present !== 'M') continue;
    if (left < 0.5) {
      pattern[index] = letter;
      left += run;
    } else {
      left -= 1;
    }
  }
}

// The reference implementation rounds as Python does.
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function check(layers: number, attentionRatio: number, mlpRatio: number): void {
  const areRatios = [attentionRatio, mlpRatio].every((ratio) => ratio >= 0 && ratio <= 1);
  if (
    !Number.isInteger(layers) ||
    layers < 1 ||
    layers > 4096 ||
    !areRatios ||
    attentionRatio + mlpRatio > 1
  ) {
    throw new HybraError(
      'E_CONFIG',
      `layerPattern: got ${layers} layers with ratios ${attentionRatio} and ${mlpRatio}; expected 1 … 4096 layers and ratios from 0 that add up to at most 1.`,
      { layers, attentionRatio, mlpRatio },
    );
  }
}

/**
 * The layers that a pattern names.
 * @param pattern letters `M` Mamba, `*` attention, `-` or `+` MLP, `E` experts
 * @throws E_CONFIG that names the first other letter and its place
 */
export function parsePattern(pattern: string): PatternKind[] {
  return Array.from(pattern, (letter, index) => {
    const kind = Object.hasOwn(kinds, letter) ? kinds[letter] : undefined;
    if (kind === undefined) {
      throw new HybraError(
        'E_CONFIG',
        `layer pattern: ${JSON.stringify(letter)} at ${index} is no layer; expected M (Mamba), * (attention), - (MLP) or E (experts).`,
        { letter, index },
      );
    }
    return kind;
  });
}
