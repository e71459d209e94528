import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import { falconH1Architecture } from './architectures/falcon-h1.js';
import { graniteHybridArchitecture } from './architectures/granite-hybrid.js';
import { jambaArchitecture } from './architectures/jamba.js';
import { lfm2Architecture } from './architectures/lfm2.js';
import { mambaArchitecture } from './architectures/mamba.js';
import { mamba2Architecture } from './architectures/mamba2.js';
import { nemotronHArchitecture, nemotronHMoeArchitecture } from './architectures/nemotron-h.js';
import { qwen3NextArchitecture } from './architectures/qwen3-next.js';
import { llamaArchitecture, qwen2Architecture, qwen3Architecture } from './architectures/transformers.js';
import type { GgufArchitecture } from './gguf-architecture.js';

const architectures: readonly GgufArchitecture[] = [
  falconH1Architecture,
  graniteHybridArchitecture,
  jambaArchitecture,
  lfm2Architecture,
  llamaArchitecture,
  mambaArchitecture,
  mamba2Architecture,
  nemotronHArchitecture,
  nemotronHMoeArchitecture,
  qwen2Architecture,
  qwen3Architecture,
  qwen3NextArchitecture,
];

/** Families that llama.cpp, whose format GGUF is, has no architecture for. */
const unknownToLlamaCpp: readonly string[] = ['recurrent_gemma', 'zamba2'];

/** The architecture of a GGUF file. @throws E_CONFIG that lists those that are read */
export function architectureNamed(name: string): GgufArchitecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found) return found;
  throw new HybraError(
    'E_CONFIG',
    `GGUF: the architecture ${JSON.stringify(name.slice(0, 60))} is not read; read are ${architectures.map((each) => each.name).join(', ')}. Use the checkpoint in safetensors.`,
    { architecture: name.slice(0, 60) },
  );
}

/** The architecture that a model is written as. @throws E_CONFIG that lists the families */
export function architectureOf(config: HybridConfig): GgufArchitecture {
  const { family } = config;
  const found = architectures.find(
    ({ families, accepts = () => true }) => families.includes(family) && accepts(config),
  );
  if (found) return found;
  const reason = unknownToLlamaCpp.includes(family) ? ', because llama.cpp has no architecture for it' : '';
  throw new HybraError(
    'E_CONFIG',
    `GGUF: ${family} is not written${reason}; written are ${[...new Set(architectures.flatMap((each) => each.families))].join(', ')}.`,
    { family },
  );
}
