/** Helpers of this package's tests. Not exported from the package. */
import type { Backend } from '@hybra/spec';
import { type Requirement, requirement } from '@hybra/testing';
import { webgpu } from '../src/backend.js';

/** The backend on whatever adapter Dawn finds, and what tests need for it. */
export async function openVulkan(): Promise<{
  readonly backend: Backend;
  readonly gpu: GPU | undefined;
  readonly vulkan: Requirement;
}> {
  let gpu: GPU | undefined;
  const vulkan = await requirement('vulkan', async () => {
    const { createGpu } = await import('@hybra/webgpu-node');
    gpu = createGpu();
    const probe = await webgpu({ gpu }).probe();
    return probe.available ? undefined : `${probe.reason}. ${probe.remedy ?? ''}`;
  });
  return { backend: webgpu({ gpu }), gpu, vulkan };
}
