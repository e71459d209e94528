import type { Device, DeviceBuffer, Executable } from '@hybra/spec';

/** Median seconds of one of `count` runs enqueued together, over several rounds. */
export async function timeOf(device: Device, count: number, run: () => void): Promise<number> {
  for (let i = 0; i < 3; i++) run();
  await device.synchronize();
  const times: number[] = [];
  for (let round = 0; round < 7; round++) {
    const begun = performance.now();
    for (let i = 0; i < count; i++) run();
    await device.synchronize();
    times.push((performance.now() - begun) / count / 1000);
  }
  return times.sort((a, b) => a - b)[3]!;
}

/** A device that remembers the executable that ran last and what it was bound to. */
export function watched(device: Device): { readonly device: Device; readonly again: () => void } {
  let again = (): void => {};
  const compileWatched = async (...parameters: Parameters<Device['compile']>): Promise<Executable> => {
    const executable = await device.compile(...parameters);
    const run = (bindings: readonly DeviceBuffer[]): void => {
      const kept = [...bindings];
      again = () => executable.run(kept);
      executable.run(bindings);
    };
    return { arenaBytes: executable.arenaBytes, run, dispose: () => executable.dispose() };
  };
  const watching = new Proxy(device, {
    get: (target, property) => {
      if (property === 'compile') return compileWatched;
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { device: watching, again: () => again() };
}
