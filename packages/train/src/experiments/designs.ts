import { type HybridConfig, type LayerConfig, parameterCount } from '@hybra/models';

/** Sizes that the models of a comparison share. */
export interface DesignSizes {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly stateSize: number;
}

const headSize = 16;

/** A Mamba-2 layer at small scale. */
export function smallMamba2({ hiddenSize, stateSize }: DesignSizes): LayerConfig {
  return {
    kind: 'mamba2',
    heads: (2 * hiddenSize) / headSize,
    headSize,
    stateSize,
    groups: 1,
    kernelSize: 4,
    chunkSize: 32,
    projectionBias: false,
    convolutionBias: true,
    normEpsilon: 1e-5,
    normBeforeGate: false,
    timeStepLimit: [0, Number.POSITIVE_INFINITY],
  };
}

/** A Mamba layer at small scale, with the state size of its paper. */
export function smallMamba({ hiddenSize }: DesignSizes): LayerConfig {
  return {
    kind: 'mamba',
    innerSize: 2 * hiddenSize,
    stateSize: 16,
    timeStepRank: Math.ceil(hiddenSize / 16),
    kernelSize: 4,
    projectionBias: false,
    convolutionBias: true,
  };
}

/**
 * Base of RoPE's wavelengths. Of the eight of a head of 16, 6.3 to 47 tokens with this one, all tell a token from its
 * neighbours; with the usual 10,000 for contexts of thousands, only two do.
 */
const ropeBase = 10;

/** Attention at small scale. */
export function smallAttention({ hiddenSize }: DesignSizes, hasRope: boolean): LayerConfig {
  return {
    kind: 'attention',
    heads: hiddenSize / headSize,
    keyValueHeads: hiddenSize / headSize,
    headSize,
    bias: false,
    ...(hasRope && { rope: { rotarySize: headSize, theta: ropeBase, scaling: { kind: 'none' } } as const }),
  };
}

/** Attention whose queries, keys and values pass a short convolution, as in Mamba's layers; no position embedding. */
export function convolvedAttention(sizes: DesignSizes): LayerConfig {
  return {
    kind: 'attention',
    heads: sizes.hiddenSize / headSize,
    keyValueHeads: sizes.hiddenSize / headSize,
    headSize,
    bias: false,
    convolution: { kernelSize: 4, bias: false },
  };
}

/** An MLP; `innerSize` is set when parameters are matched. */
export function smallMlp({ hiddenSize }: DesignSizes): LayerConfig {
  return { kind: 'mlp', innerSize: 4 * hiddenSize, activation: 'gelu', gated: false, bias: false };
}

/** A model of these layers. */
export function design(sizes: DesignSizes, layers: readonly LayerConfig[]): HybridConfig {
  return {
    family: 'experiment',
    vocabularySize: sizes.vocabularySize,
    hiddenSize: sizes.hiddenSize,
    layers,
    norm: { kind: 'rms', epsilon: 1e-5 },
    isTied: true,
  };
}

/**
 * Widens or narrows the MLPs of a model until it has as many parameters as asked for, as near as one unit of each
 * MLP comes. A model without MLP stays as it is: its size is in the results.
 */
export function matchParameters(config: HybridConfig, target: number): HybridConfig {
  const mlps = config.layers.filter(({ kind }) => kind === 'mlp').length;
  if (mlps === 0) return config;
  const withInner = (innerSize: number): HybridConfig => ({
    ...config,
    layers: config.layers.map((layer) => (layer.kind === 'mlp' ? { ...layer, innerSize } : layer)),
  });
  const perUnit = parameterCount(withInner(2)) - parameterCount(withInner(1));
  const without = parameterCount(withInner(1)) - perUnit;
  return withInner(Math.max(8, Math.round((target - without) / perUnit)));
}

/**
 * The four designs that arXiv 2406.07887 compares, matched in parameters to the pure Mamba-2 model: Mamba alone,
 * Mamba-2 alone, a Transformer with RoPE in every other attention layer (Yang et al. 2025, arXiv 2501.18795: those
 * without are free to look for content wherever it stands), and Mamba-2 with one attention layer without position
 * embedding.
 */
export function fourDesigns(sizes: DesignSizes): Readonly<Record<string, HybridConfig>> {
  const { layers } = sizes;
  const mamba2 = design(
    sizes,
    Array.from({ length: layers }, () => smallMamba2(sizes)),
  );
  const target = parameterCount(mamba2);
  const transformer = Array.from({ length: layers }, (_, index) =>
    index % 2 === 0 ? smallAttention(sizes, index % 4 === 0) : smallMlp(sizes),
  );
  const middle = Math.floor(layers / 2);
  const hybrid = Array.from({ length: layers }, (_, index) => {
    if (index === middle) return smallAttention(sizes, false);
    return index === layers - 1 ? smallMlp(sizes) : smallMamba2(sizes);
  });
  return {
    mamba: design(
      sizes,
      Array.from({ length: layers }, () => smallMamba(sizes)),
    ),
    mamba2,
    transformer: matchParameters(design(sizes, transformer), target),
    hybrid: matchParameters(design(sizes, hybrid), target),
  };
}

/**
 * A Transformer whose attention has short convolutions, matched as {@link fourDesigns} are: what a Transformer lacks
 * beside a hybrid with one layer of attention, other than layers.
 */
export function convolvedTransformer(sizes: DesignSizes): HybridConfig {
  const pure = Array.from({ length: sizes.layers }, () => smallMamba2(sizes));
  const layers = Array.from({ length: sizes.layers }, (_, index) =>
    index % 2 === 0 ? convolvedAttention(sizes) : smallMlp(sizes),
  );
  return matchParameters(design(sizes, layers), parameterCount(design(sizes, pure)));
}
