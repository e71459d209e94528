import type { Backend, Device } from '@hybra/spec';

/** What a section of the suite found. */
export interface Outcome {
  readonly passed: boolean;
  /** One line for the table. */
  readonly figures: string;
  readonly problems: readonly string[];
  readonly seconds?: number;
}

/** A part of the suite that runs and is repeated by itself. */
export interface Section {
  readonly name: string;
  run(): Promise<Outcome>;
}

/** The outcome of a section that counts checks. */
export function counted(checked: number, skipped: number, problems: readonly string[]): Outcome {
  const figures = `${checked} checks${skipped > 0 ? `, ${skipped} skipped` : ''}${problems.length > 0 ? `, ${problems.length} problems` : ''}`;
  return { passed: problems.length === 0 && checked > 0, figures, problems };
}

/** A section that measures on a device of its own: `run` gives the figures. */
export function measured(backend: Backend, name: string, run: (device: Device) => Promise<string>): Section {
  return {
    name,
    async run() {
      const device = await backend.open();
      try {
        return { passed: true, figures: await run(device), problems: [] };
      } finally {
        await device.dispose();
      }
    },
  };
}
