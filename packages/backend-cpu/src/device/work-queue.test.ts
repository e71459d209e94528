import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.js';

/** Holds the thread for a while. */
function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** A job of many parts of one millisecond. */
function longJob(parts: number, done: () => void): (deadline: number) => boolean {
  let left = parts;
  return (deadline) => {
    do {
      spin(1);
      left--;
    } while (left > 0 && performance.now() < deadline);
    if (left === 0) done();
    return left === 0;
  };
}

describe('WorkQueue', () => {
  it('keeps the first error of jobs, gives it once, and goes on', async () => {
    const queue = new WorkQueue();
    const fail = (message: string) => () => {
      throw new Error(message);
    };
    queue.enqueue(fail('first'));
    queue.enqueue(fail('second'));
    let isReached = false;
    queue.enqueue(() => {
      isReached = true;
      return true;
    });
    await Promise.resolve();
    expect(isReached).toBe(true);
    expect(queue.takeFailure()).toMatchObject({ error: { message: 'first' } });
    expect(queue.takeFailure()).toBeUndefined();
  });

  it('starts short work on a microtask, before any turn of the event loop', async () => {
    const queue = new WorkQueue();
    let isTurned = false;
    setImmediate(() => {
      isTurned = true;
    });
    let isDone = false;
    queue.enqueue(() => {
      isDone = true;
      return true;
    });
    expect(isDone).toBe(false);
    await Promise.resolve();
    expect(isDone).toBe(true);
    expect(isTurned).toBe(false);
  });

  it('lets timers fire during a long job', async () => {
    const queue = new WorkQueue();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
    }, 1);
    await new Promise<void>((resolve) => queue.enqueue(longJob(60, resolve)));
    clearInterval(timer);
    // 60 ms of work in slices of about 8 ms: seven turns; a loaded machine may skip some.
    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it('lets timers fire between short jobs that are each awaited', async () => {
    const queue = new WorkQueue();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
    }, 1);
    for (let step = 0; step < 60; step++) {
      await new Promise<void>((resolve) => {
        queue.enqueue(() => {
          spin(1);
          resolve();
          return true;
        });
      });
    }
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it('keeps the order of jobs across slices', async () => {
    const queue = new WorkQueue();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      queue.enqueue(longJob(20, () => order.push(1)));
      queue.enqueue(() => order.push(2) > 0);
      queue.enqueue(
        longJob(10, () => {
          order.push(3);
          resolve();
        }),
      );
    });
    expect(order).toEqual([1, 2, 3]);
  });
});
