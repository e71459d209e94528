/** The entry of the page. */
import { EngineClient } from './client/engine-client.js';
import { startPage } from './page/start-page.js';

const engine = new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' });
startPage(document.querySelector('main')!, new EngineClient(engine));
