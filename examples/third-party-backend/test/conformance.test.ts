import { cpu } from '@hybra/backend-cpu';
import { conformance } from '@hybra/backend-testkit';
import { plain } from '../src/index.js';

conformance({ backend: plain(), reference: cpu() });
