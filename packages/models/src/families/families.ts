import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import { showValue } from '../parse/show-value.js';
import { bambaFamily } from './bamba.js';
import { falconH1Family } from './falcon-h1.js';
import { falconMambaFamily } from './falcon-mamba.js';
import type { Family } from './family.js';
import { graniteMoeHybridFamily } from './granite-moe-hybrid.js';
import { jambaFamily } from './jamba.js';
import { lfm2Family } from './lfm2.js';
import { llamaFamily } from './llama.js';
import { mambaFamily } from './mamba.js';
import { isMambaSsmConfig, mambaSsmFamily } from './mamba-ssm.js';
import { mamba2Family } from './mamba2.js';
import { mistralFamily } from './mistral.js';
import { nemotronHFamily } from './nemotron-h.js';
import { qwen2Family } from './qwen2.js';
import { qwen3Family } from './qwen3.js';
import { qwen3NextFamily } from './qwen3-next.js';
import { recurrentGemmaFamily } from './recurrent-gemma.js';
import { zamba2Family } from './zamba2.js';

/** The families that can be loaded, by `model_type`. */
export const families: Readonly<Record<string, Family>> = Object.freeze({
  bamba: bambaFamily,
  falcon_h1: falconH1Family,
  falcon_mamba: falconMambaFamily,
  granitemoehybrid: graniteMoeHybridFamily,
  jamba: jambaFamily,
  lfm2: lfm2Family,
  llama: llamaFamily,
  mamba: mambaFamily,
  mamba2: mamba2Family,
  mamba_ssm: mambaSsmFamily,
  mistral: mistralFamily,
  nemotron_h: nemotronHFamily,
  qwen2: qwen2Family,
  qwen3: qwen3Family,
  qwen3_next: qwen3NextFamily,
  recurrent_gemma: recurrentGemmaFamily,
  zamba2: zamba2Family,
});

/** The family that a `config.json` names. @throws E_CONFIG that lists the supported ones */
export function familyOf(json: unknown): Family {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new HybraError('E_CONFIG', `config: is ${showValue(json)}, expected an object.`, {});
  }
  const supported = Object.keys(families).join(', ');
  const name = (json as { readonly model_type?: unknown }).model_type;
  if (isMambaSsmConfig(json)) return mambaSsmFamily;
  const family = typeof name === 'string' && Object.hasOwn(families, name) ? families[name] : undefined;
  if (!family) {
    throw new HybraError(
      'E_CONFIG',
      `config: model_type is ${name === undefined ? 'missing' : showValue(name)}; supported: ${supported}.`,
      { key: 'model_type', supported: Object.keys(families) },
    );
  }
  return family;
}

/** Reads a `config.json` of any supported family. @throws E_CONFIG */
export function parseConfig(json: unknown): HybridConfig {
  return familyOf(json).parseConfig(json);
}
