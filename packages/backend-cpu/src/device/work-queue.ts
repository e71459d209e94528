import { nextTurn } from './next-turn.js';

/**
 * Does a part of a job and says whether the job is done. It should return soon after `deadline`, a time of
 * `performance.now()` in milliseconds.
 */
export type Job = (deadline: number) => boolean;

/** How long work may hold the event loop, in milliseconds. */
const sliceMilliseconds = 8;

/**
 * Jobs in order, executed a slice at a time, so that timers, input and aborts get their turn during long work.
 *
 * A slice starts on a microtask: short work is not delayed by a turn of the event loop. But a loop of short
 * jobs that are each awaited runs on microtasks alone, so the time is counted from the last turn, not from the
 * start of a job.
 */
export class WorkQueue {
  readonly #jobs: Job[] = [];
  #head = 0;
  #isPumping = false;
  #isScheduled = false;
  /** When work of the present turn of the event loop began; `undefined` before there was any. */
  #turnStart: number | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Whether everything enqueued is done. */
  get isIdle(): boolean {
    return this.#head === this.#jobs.length && !this.#isPumping;
  }

  enqueue(job: Job): void {
    this.#jobs.push(job);
    if (this.#isScheduled || this.#isPumping) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** The first error that a job threw since the last call, once. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Forgets all jobs. */
  clear(): void {
    this.#jobs.length = 0;
    this.#head = 0;
  }

  #pump(): void {
    if (this.#isPumping || this.#head === this.#jobs.length) return;
    this.#isPumping = true;
    const deadline = this.#beginSlice() + sliceMilliseconds;
    while (this.#head < this.#jobs.length && performance.now() < deadline) {
      if (this.#doPart(this.#jobs[this.#head]!, deadline)) this.#head++;
    }
    if (this.#head >= this.#jobs.length) this.clear();
    this.#isPumping = false;
    // What is left waits for the turn that #beginSlice has asked for.
  }

  #doPart(job: Job, deadline: number): boolean {
    try {
      return job(deadline);
    } catch (error) {
      this.#failure ??= { error };
      return true;
    }
  }

  #beginSlice(): number {
    if (this.#turnStart === undefined) {
      this.#turnStart = performance.now();
      nextTurn(() => {
        this.#turnStart = undefined;
        this.#pump();
      });
    }
    return this.#turnStart;
  }
}
