import { type Device, HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import { nearestNames } from '../parse/nearest-names.js';

/**
 * Which device a model's layers run on: `default`, and devices by layer kind (`attention`) or by index (`'3'`),
 * an index going before a kind.
 */
export type Placement = { readonly default: Device } & Readonly<Record<string, Device>>;

/** Devices of a model. */
export interface Devices {
  /** Of embedding, final norm and head. */
  readonly device: Device;
  /** One per layer. */
  readonly devices: readonly Device[];
}

/**
 * Resolves a device or a placement to one device per layer.
 * @throws E_ARGUMENT when neither or both are given, or a key names no layer of this model
 */
export function resolvePlacement(
  config: HybridConfig,
  options: { readonly device?: Device | undefined; readonly placement?: Placement | undefined },
): Devices {
  if ((options.device === undefined) === (options.placement?.default === undefined)) {
    throw new HybraError(
      'E_ARGUMENT',
      'loading a model: give either device, or placement with a default device.',
      { hasDevice: options.device !== undefined, hasPlacement: options.placement !== undefined },
    );
  }
  const placement: Placement = options.placement ?? { default: options.device! };
  const names = new Set<string>(['default', ...config.layers.map((layer) => layer.kind)]);
  for (const key of Object.keys(placement)) {
    const isIndex = /^\d+$/.test(key) && Number(key) < config.layers.length;
    if (isIndex || names.has(key)) continue;
    const near = nearestNames(key, names);
    throw new HybraError(
      'E_ARGUMENT',
      `placement: ${JSON.stringify(key)} is neither an index below ${config.layers.length} nor a kind of this model (${[...names].join(', ')})${near.length > 0 ? `; nearest: ${near.join(', ')}` : ''}.`,
      { key },
    );
  }
  return {
    device: placement.default,
    devices: Object.freeze(
      config.layers.map(
        (layer, index) => placement[String(index)] ?? placement[layer.kind] ?? placement.default,
      ),
    ),
  };
}
