import { cpu } from '@hybra/backend-cpu';
import { conformance } from '@hybra/backend-testkit';
import { describeWith } from '@hybra/testing';
import { openVulkan } from '../test/open-vulkan.js';

const { backend, vulkan } = await openVulkan();

describeWith(vulkan, 'through Dawn', () => {
  conformance({ backend, reference: cpu() });
});
