import {
  type Backend,
  type Device,
  HybraError,
  type OpenOptions,
  type Probe,
  specVersion,
} from '@hybra/spec';

/** The backends of an application, in order of preference. An object: nothing is global. */
export interface Registry {
  readonly backends: readonly Backend[];
  /** What every backend finds on this machine, by name. */
  probe(): Promise<ReadonlyMap<string, Probe>>;
  /**
   * Opens a device of the named backend, or of the first that has one.
   * @throws E_BACKEND_UNAVAILABLE with every reason and the names that exist
   */
  open(name?: string, options?: OpenOptions): Promise<Device>;
}

/**
 * Joins backends.
 * @throws E_CONFIG when two have one name, or one was written for another version of the contract
 * @example
 * const device = await createRegistry([webgpu(), cpu()]).open();
 */
export function createRegistry(backends: readonly Backend[]): Registry {
  const byName = new Map<string, Backend>();
  for (const backend of backends) {
    if (backend.specVersion !== specVersion) {
      throw new HybraError(
        'E_CONFIG',
        `backend ${backend.name} was written for spec version ${backend.specVersion}, this is ${specVersion}. Install matching versions.`,
        { backend: backend.name, got: backend.specVersion, expected: specVersion },
      );
    }
    if (byName.has(backend.name)) {
      throw new HybraError('E_CONFIG', `two backends are named ${backend.name}.`, { backend: backend.name });
    }
    byName.set(backend.name, backend);
  }
  const names = [...byName.keys()].join(', ') || 'none';
  return {
    backends: [...byName.values()],
    async probe() {
      const found = new Map<string, Probe>();
      for (const [name, backend] of byName) found.set(name, await backend.probe());
      return found;
    },
    async open(name, options) {
      if (name !== undefined) {
        const backend = byName.get(name);
        if (!backend) {
          throw new HybraError(
            'E_BACKEND_UNAVAILABLE',
            `no backend is named ${name}; registered: ${names}.`,
            { name },
          );
        }
        return backend.open(options);
      }
      const reasons: string[] = [];
      for (const backend of byName.values()) {
        const probe = await backend.probe();
        if (probe.available) return backend.open(options);
        reasons.push(`${backend.name}: ${probe.reason}${probe.remedy ? ` (${probe.remedy})` : ''}`);
      }
      throw new HybraError(
        'E_BACKEND_UNAVAILABLE',
        `no backend can run here. ${reasons.join('; ') || 'None is registered.'}`,
        {
          reasons,
        },
      );
    },
  };
}
