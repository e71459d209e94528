import { cpu } from '@hybra/backend-cpu';
import { cuda } from '@hybra/backend-cuda';
import { native } from '@hybra/backend-native';
import { HybraError } from '@hybra/spec';
import { createRegistry, type Registry } from '@hybra/tensor';
import { webgpuInNode } from './webgpu-in-node.js';

/** The backends of the command line, in order of preference: the first that this machine has is the default. */
export function cliRegistry(): Registry {
  return createRegistry([cuda(), native(), webgpuInNode(), cpu()]);
}

/**
 * The backends of the command line whose products can be `bfloat16`: operands rounded, sums in float32.
 * @param device as `--device` says
 * @throws E_ARGUMENT for a device that has no such products
 */
export function bfloat16Registry(device?: string): Registry {
  if (device === 'webgpu' || device === 'cpu') {
    throw new HybraError(
      'E_ARGUMENT',
      `--products bfloat16: ${device} has no such products. Use --device cuda or native, or leave --products out.`,
      { device },
    );
  }
  return createRegistry([cuda({ products: 'bfloat16' }), native({ products: 'bfloat16' })]);
}
