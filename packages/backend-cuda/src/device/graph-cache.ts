import type { Address } from '../driver/cuda-functions.js';
import { handleOf } from '../driver/driver.js';
import type { Stream } from './stream.js';

/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL */
const threadLocal = 1;
const mostGraphs = 8;

/**
 * A program's runs as CUDA graphs, by the addresses they are bound to. Bindings seen for the first time run
 * launch by launch; when they come again the launches are captured, and from then on a run is one call.
 */
export class GraphCache {
  readonly #stream: Stream;
  readonly #graphs = new Map<string, Address | undefined>();
  #isEnabled = true;
  /** What ran last: the same array of addresses means the same graph. */
  #lastAddresses: readonly Address[] | undefined;
  #lastGraph: Address | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Runs the launches that `enqueue` enqueues, as a graph where that pays. */
  run(addresses: readonly Address[], enqueue: () => void): void {
    if (!this.#isEnabled) {
      enqueue();
      return;
    }
    if (addresses === this.#lastAddresses && this.#lastGraph !== undefined) {
      this.#launch(this.#lastGraph);
      return;
    }
    const key = addresses.join();
    const isKnown = this.#graphs.has(key);
    let graph = this.#graphs.get(key);
    this.#graphs.delete(key);
    if (isKnown && graph === undefined) graph = this.#capture(enqueue);
    this.#graphs.set(key, graph);
    this.#evict();
    this.#lastAddresses = addresses;
    this.#lastGraph = graph;
    if (graph === undefined) enqueue();
    else this.#launch(graph);
  }

  dispose(): void {
    const { functions } = this.#stream;
    // A graph that is running is freed when it is done.
    for (const graph of this.#graphs.values()) if (graph !== undefined) functions.cuGraphExecDestroy(graph);
    this.#graphs.clear();
  }

  #launch(graph: Address): void {
    const { functions } = this.#stream.driver;
    this.#stream.check(functions.cuGraphLaunch(graph, this.#stream.handle), 'run a graph');
  }

  #capture(enqueue: () => void): Address | undefined {
    const { functions } = this.#stream.driver;
    const { handle } = this.#stream;
    this.#stream.check(functions.cuStreamBeginCapture_v2(handle, threadLocal), 'capture a graph');
    const captured = new BigUint64Array(1);
    try {
      enqueue();
    } catch (error) {
      // What failed is what to tell; that the capture is void by then says nothing more.
      functions.cuStreamEndCapture(handle, captured);
      throw error;
    }
    this.#stream.check(functions.cuStreamEndCapture(handle, captured), 'capture a graph');
    const graph = handleOf(captured);
    const made = new BigUint64Array(1);
    const status = functions.cuGraphInstantiateWithFlags(made, graph, 0n);
    functions.cuGraphDestroy(graph);
    if (status === 0) return handleOf(made);
    // Too little memory for a graph, or a driver that refuses: launches still work one by one.
    this.#isEnabled = false;
    return undefined;
  }

  #evict(): void {
    if (this.#graphs.size <= mostGraphs) return;
    const [oldest] = this.#graphs;
    const [key, graph] = oldest!;
    this.#graphs.delete(key);
    if (graph !== undefined) this.#stream.driver.functions.cuGraphExecDestroy(graph);
  }
}
