import { HybraError, type QuantScheme } from '@hybra/spec';
import { showValue } from '../parse/show-value.js';

/** The version of the layout: `NAME.codes`, `NAME.scales` and perhaps `NAME.zeros` for a tensor `NAME`. */
export const quantizationVersion = 1;

const method = 'hybra';
const mostSchemes = 16;

/** The `quantization_config` of a checkpoint whose matrices are stored in these schemes. */
export function quantizationConfig(type: string, schemes: readonly QuantScheme[]): Record<string, unknown> {
  return {
    quant_method: method,
    version: quantizationVersion,
    type,
    schemes: schemes.map((scheme) => ({
      name: scheme.name,
      bits: scheme.bits,
      block_size: scheme.blockSize,
      code_layout: scheme.codeLayout,
      scale_dtype: scheme.scaleDtype,
      zero_points: scheme.hasZeroPoints,
    })),
  };
}

/** Whether a `quantization_config` is of this kind, of whatever version. */
export function isHybraQuantization(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { readonly quant_method?: unknown }).quant_method === method
  );
}

/**
 * The schemes that a `config.json` says its matrices may be stored in; none where it says nothing.
 * @throws E_FORMAT for another version, E_CONFIG for schemes that are malformed
 */
export function readQuantSchemes(json: unknown): readonly QuantScheme[] {
  const value = (json as { readonly quantization_config?: unknown } | null)?.quantization_config;
  if (!isHybraQuantization(value)) return [];
  if (value.version !== quantizationVersion) {
    throw new HybraError(
      'E_FORMAT',
      `config: quantization_config has version ${showValue(value.version)}, expected ${quantizationVersion}. Use a newer hybra, or quantise the original again.`,
      { version: value.version },
    );
  }
  const { schemes } = value;
  if (!Array.isArray(schemes) || schemes.length < 1 || schemes.length > mostSchemes) {
    throw malformed('schemes', schemes, `a list of 1 to ${mostSchemes}`);
  }
  return schemes.map(readScheme);
}

function readScheme(value: unknown): QuantScheme {
  const json = (typeof value === 'object' && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const { name, bits, block_size: blockSize, scale_dtype: scaleDtype, zero_points: hasZeroPoints } = json;
  if (typeof name !== 'string' || name.length > 64) throw malformed('name', name, 'a short string');
  if (bits !== 4 && bits !== 8) throw malformed('bits', bits, '4 or 8');
  const codeLayout = bits === 8 ? 'i8' : 'u4-low-first';
  if (json.code_layout !== codeLayout) throw malformed('code_layout', json.code_layout, codeLayout);
  const isBlock =
    Number.isInteger(blockSize) && (blockSize as number) >= 1 && (blockSize as number) <= 65_536;
  if (!isBlock || ((blockSize as number) % 2 !== 0 && bits === 4)) {
    throw malformed('block_size', blockSize, 'an integer up to 65536, even for 4 bits');
  }
  if (scaleDtype !== 'f16' && scaleDtype !== 'f32') throw malformed('scale_dtype', scaleDtype, 'f16 or f32');
  if (typeof hasZeroPoints !== 'boolean') throw malformed('zero_points', hasZeroPoints, 'true or false');
  return { name, bits, blockSize: blockSize as number, codeLayout, scaleDtype, hasZeroPoints };
}

function malformed(key: string, got: unknown, expected: string): HybraError {
  return new HybraError(
    'E_CONFIG',
    `config: ${key} in quantization_config is ${showValue(got)}, expected ${expected}.`,
    { key },
  );
}
