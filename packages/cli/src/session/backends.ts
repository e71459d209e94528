import { cpu } from '@hybra/backend-cpu';
import { cuda } from '@hybra/backend-cuda';
import { native } from '@hybra/backend-native';
import { createRegistry, type Registry } from '@hybra/tensor';
import { webgpuInNode } from './webgpu-in-node.js';

/** The backends of the command line, in order of preference: the first that this machine has is the default. */
export function cliRegistry(): Registry {
  return createRegistry([cuda(), native(), webgpuInNode(), cpu()]);
}
