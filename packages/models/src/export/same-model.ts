import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { LayerConfig } from '../config/layer-configs.js';

/**
 * Refuses a configuration in another layout that does not describe the same model: what the layout cannot say.
 * @param tolerance relative, of numbers that the layout rounds
 * @throws E_CONFIG that names the first part to differ
 */
export function requireSameModel(
  layout: string,
  models: { readonly from: HybridConfig; readonly to: HybridConfig },
  tolerance: number = 0,
): void {
  const [from, to] = [comparable(models.from), comparable(models.to)];
  const difference = firstDifference(from, to, { place: 'the model', tolerance });
  if (difference === undefined) return;
  throw new HybraError(
    'E_CONFIG',
    `convert: ${layout} cannot say what this model is: ${difference}. Keep the layout it has.`,
    { layout, difference },
  );
}

/** All that decides what is computed, defaults said. */
function comparable({ family: _, contextLength: __, multipliers = {}, ...config }: HybridConfig): unknown {
  const { embedding = 1, residual = 1, logits = 1 } = multipliers;
  const layers = config.layers.map(withBiases);
  return { ...config, layers, multipliers: { embedding, residual, logits } };
}

function withBiases<Layer extends LayerConfig>(layer: Layer): Layer {
  switch (layer.kind) {
    case 'attention':
      return { ...layer, outputBias: layer.outputBias ?? layer.bias };
    case 'mamba2':
      return { ...layer, outputBias: layer.outputBias ?? layer.projectionBias };
    default:
      return layer;
  }
}

function firstDifference(
  a: unknown,
  b: unknown,
  context: { readonly place: string; readonly tolerance: number },
): string | undefined {
  const { place, tolerance } = context;
  if (Object.is(a, b) || areClose(a, b, tolerance)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return `${place} is ${show(a)} and would be ${show(b)}`;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const member = (object: object): unknown => (object as Readonly<Record<string, unknown>>)[key];
    const inside = `${place === 'the model' ? '' : `${place}.`}${key}`;
    const found = firstDifference(member(a), member(b), { place: inside, tolerance });
    if (found !== undefined) return found;
  }
  return undefined;
}

function areClose(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return false;
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

function show(value: unknown): string {
  if (value === undefined) return 'absent';
  return typeof value === 'object' ? 'something else' : String(value);
}
