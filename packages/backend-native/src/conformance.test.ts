import { cpu } from '@hybra/backend-cpu';
import { conformance } from '@hybra/backend-testkit';
import { describeWith, requirement } from '@hybra/testing';
import { loadAddon } from './addon/load-addon.js';
import { native } from './backend.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

/** Sets with VNNI or BF16 differ in products of narrow numbers only, which have tolerances and tests of their own. */
const isas = loaded.addon?.isas().filter((isa) => !/(vnni|bf16)$/.test(isa)) ?? ['none'];

for (const isa of isas) {
  describeWith(addon, `kernels for ${isa}`, () => {
    conformance({
      backend: native({ isa, halfProducts: 'float32', quantizedProducts: 'float32' }),
      reference: cpu(),
    });
  });
}
