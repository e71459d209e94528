import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { verify } from '../../cli/src/commands/verify/verify.js';
import { processTerminal } from '../../cli/src/session/terminal.js';
import type { Section } from './section.js';

/** `hybra verify` on a device for every checkpoint in the bundle, twice: both times the same figures. */
export function verifySections(device: string): Section[] {
  const packages = fileURLToPath(new URL('../../../../', import.meta.url));
  const fixtures = `${packages}models/test/fixtures/`;
  const folders = [
    ...(existsSync(fixtures)
      ? readdirSync(fixtures)
          .sort()
          .map((name) => fixtures + name)
      : []),
    `${packages}model-shakespeare/model`,
  ].filter((folder) => existsSync(`${folder}/golden.safetensors`));
  const base = processTerminal();
  return folders.map((folder) => ({
    name: `verify/${folder.slice(packages.length).replace('models/test/fixtures/', '')}`,
    async run() {
      const outputs: string[] = [];
      let passed = true;
      for (let round = 0; round < 2; round++) {
        let text = '';
        const terminal = {
          ...base,
          out: (part: string) => {
            text += part;
          },
          note: () => {},
          isInteractive: false,
        };
        const code = await verify(terminal, folder, {
          device,
          tolerance: 2e-3,
          json: true,
        });
        passed &&= code === 0;
        outputs.push(text);
      }
      const isSame = outputs[0] === outputs[1];
      const { logits, greedy, forms } = JSON.parse(outputs[0]!);
      return {
        passed: passed && isSame,
        figures: `logits ${logits.maxAbsoluteError.toExponential(2)}, greedy ${greedy.agreeing}/${greedy.total}, forms ${forms.logitError.toExponential(2)} / ${forms.stateError.toExponential(2)}${isSame ? '' : ', DIFFERS from run to run'}`,
        problems: [outputs[0]!.slice(0, 500), ...(isSame ? [] : [outputs[1]!.slice(0, 500)])],
      };
    },
  }));
}
