import type { Device } from '@hybra/spec';

/** Median seconds of one of `count` runs enqueued together, over several rounds. */
export async function timeOf(device: Device, count: number, run: () => void, rounds = 5): Promise<number> {
  for (let i = 0; i < 2; i++) run();
  await device.synchronize();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    for (let i = 0; i < count; i++) run();
    await device.synchronize();
    times.push((performance.now() - begun) / count / 1000);
  }
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}
