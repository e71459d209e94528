import { webgpu } from '@hybra/backend-webgpu';
import { type Backend, HybraError, specVersion } from '@hybra/spec';

/**
 * WebGPU through Dawn, where the optional package `@hybra/webgpu-node` is installed and has a library for this
 * platform. Software adapters are used only when `--device webgpu` asks for them.
 */
export function webgpuInNode(): Backend {
  let loading: Promise<Backend> | undefined;
  const load = (): Promise<Backend> => {
    loading ??= import('@hybra/webgpu-node').then(({ createGpu }) =>
      webgpu({ gpu: createGpu(), softwareAdapters: 'on-request' }),
    );
    return loading;
  };
  return {
    name: 'webgpu',
    specVersion,
    probe: async () => {
      try {
        return await (await load()).probe();
      } catch (error) {
        return { available: false, reason: reasonOf(error), remedy };
      }
    },
    open: async (options) => {
      let backend: Backend;
      try {
        backend = await load();
      } catch (error) {
        throw new HybraError(
          'E_BACKEND_UNAVAILABLE',
          `webgpu: ${reasonOf(error)}. ${remedy}`,
          { backend: 'webgpu' },
          { cause: error },
        );
      }
      return backend.open(options);
    },
  };
}

const remedy = 'Install @hybra/webgpu-node on a platform that Dawn is built for.';

function reasonOf(error: unknown): string {
  const [firstLine] = (error instanceof Error ? error.message : String(error)).split('\n');
  return `Dawn cannot be loaded: ${firstLine}`;
}
