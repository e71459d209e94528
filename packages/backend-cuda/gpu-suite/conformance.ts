import { type Backend, type Device, type OpName, opSignatures } from '@hybra/spec';
import { opCases } from '@hybra/tensor';
import { checkDecomposed, checkNative, isOptional } from '../../backend-testkit/src/harness/check-case.js';
import { lifeChecks } from '../../backend-testkit/src/suites/life-checks.js';
import { memoryChecks } from '../../backend-testkit/src/suites/memory-checks.js';
import { runChecks } from '../../backend-testkit/src/suites/run-checks.js';
import { counted, type Section } from './section.js';

/** The conformance kit without its test runner: a section for the device's own behaviour, and one for each op. */
export function conformanceSections(backend: Backend, reference: Backend): Section[] {
  const withDevices = async <T>(use: (device: Device, reference: Device) => Promise<T>): Promise<T> => {
    const device = await backend.open();
    const other = await reference.open();
    try {
      return await use(device, other);
    } finally {
      await device.dispose();
      await other.dispose();
    }
  };
  const deviceSection: Section = {
    name: 'kit/device',
    run: () =>
      withDevices(async (device) => {
        const problems: string[] = [];
        const checks = [...lifeChecks, ...memoryChecks, ...runChecks];
        for (const check of checks) {
          try {
            await check.run({ backend, device });
          } catch (error) {
            problems.push(`${check.name}: ${String(error)}`);
          }
        }
        return counted(checks.length, 0, problems);
      }),
  };
  const ops = Object.keys(opSignatures) as OpName[];
  return [
    deviceSection,
    ...ops.map(
      (op): Section => ({
        name: `kit/${op}`,
        run: () =>
          withDevices(async (device, other) => {
            let checked = 0;
            let skipped = 0;
            const problems: string[] = [];
            const forms = isOptional(op) ? [checkNative, checkDecomposed] : [checkNative];
            for (const opCase of opCases[op]) {
              for (const check of forms) {
                try {
                  const finding = await check({ device, reference: other }, op, opCase);
                  if (finding.kind === 'skipped') skipped += 1;
                  else {
                    checked += 1;
                    problems.push(
                      ...finding.problems.map((each) => `${opCase.name} (${finding.kernel}): ${each}`),
                    );
                  }
                } catch (error) {
                  problems.push(`${opCase.name} (${check.name}): ${String(error)}`);
                }
              }
            }
            return counted(checked, skipped, problems);
          }),
      }),
    ),
  ];
}
