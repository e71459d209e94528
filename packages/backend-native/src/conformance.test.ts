import { cpu } from '@hybra/backend-cpu';
import { conformance } from '@hybra/backend-testkit';
import { describeWith, requirement } from '@hybra/testing';
import { loadAddon } from './addon/load-addon.js';
import { native } from './backend.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

for (const isa of loaded.addon?.isas() ?? ['none']) {
  describeWith(addon, `kernels for ${isa}`, () => {
    conformance({ backend: native({ isa }), reference: cpu() });
  });
}
