import { cpu } from '@hybra/backend-cpu';
import { conformance } from './conformance.js';

conformance({ backend: cpu(), reference: cpu() });
