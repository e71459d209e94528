import { HybraError } from '@hybra/spec';

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

const wantedFeatures = ['timestamp-query', 'subgroups'] as const satisfies readonly GPUFeatureName[];

/** What products on matrix units need. Their names are Dawn's: they are not in the specification yet. */
const matrixUnitFeatures = ['shader-f16', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[];

/** Whether a device can multiply float16 on matrix units. */
export function hasMatrixUnits({ features }: Pick<GPUDevice, 'features'>): boolean {
  return ['subgroups', ...matrixUnitFeatures].every((feature) => features.has(feature));
}

/** What every implementation of the specification offers, and these kernels stand on. */
const leastInvocations = 256;

/**
 * A device with all that its adapter offers of what kernels use.
 * @throws E_BACKEND_UNAVAILABLE
 */
export async function requestGpuDevice(
  adapter: GPUAdapter | null,
  backend: string,
  wantsMatrixUnits = false,
): Promise<{ readonly gpu: GPUDevice; readonly info: GPUAdapterInfo }> {
  if (!adapter) {
    throw new HybraError('E_BACKEND_UNAVAILABLE', `${backend}: the adapter is gone. Try again.`, { backend });
  }
  const { limits } = adapter;
  if (limits.maxComputeInvocationsPerWorkgroup < leastInvocations) {
    throw new HybraError(
      'E_BACKEND_UNAVAILABLE',
      `${backend}: the adapter runs ${limits.maxComputeInvocationsPerWorkgroup} invocations per workgroup, expected at least ${leastInvocations}. Use another GPU.`,
      { backend, got: limits.maxComputeInvocationsPerWorkgroup, expected: leastInvocations },
    );
  }
  try {
    const gpu = await adapter.requestDevice({
      label: 'hybra',
      requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, limits[name]])),
      requiredFeatures: [...wantedFeatures, ...(wantsMatrixUnits ? matrixUnitFeatures : [])].filter(
        (feature) => adapter.features.has(feature),
      ),
    });
    return { gpu, info: adapter.info };
  } catch (error) {
    throw new HybraError(
      'E_BACKEND_UNAVAILABLE',
      `${backend}: the adapter gave no device: ${error instanceof Error ? error.message : String(error)}`,
      { backend },
      { cause: error },
    );
  }
}
