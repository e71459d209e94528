import { expect, it } from 'vitest';
import { Failures, typedError } from './failures.js';

class GPUOutOfMemoryError {
  readonly message = 'no memory';
}
class GPUValidationError {
  readonly message = 'no such thing';
}

/** A device whose error scopes find these, the innermost first. */
function deviceWith(found: (unknown | Error)[]): {
  readonly gpu: GPUDevice;
  readonly report: (error: unknown) => { prevented: boolean };
} {
  let listener: (event: unknown) => void = () => undefined;
  const gpu = {
    addEventListener: (_: string, listens: typeof listener) => {
      listener = listens;
    },
    removeEventListener: () => {
      listener = () => undefined;
    },
    pushErrorScope: () => undefined,
    popErrorScope: async () => {
      const next = found.shift();
      if (next instanceof Error) throw next;
      return next ?? null;
    },
  } as unknown as GPUDevice;
  const report = (error: unknown): { prevented: boolean } => {
    const seen = { prevented: false };
    listener({
      error,
      preventDefault: () => {
        seen.prevented = true;
      },
    });
    return seen;
  };
  return { gpu, report };
}

it('a GPU that is out of memory is told at the next wait, by what was wanted, and once', async () => {
  const { gpu } = deviceWith([null, new GPUOutOfMemoryError()]);
  const failures = new Failures(gpu);
  expect(failures.scope('weights of 9 bytes', () => 'made')).toBe('made');
  await expect(failures.settle()).rejects.toMatchObject({
    code: 'E_OUT_OF_MEMORY',
    message: expect.stringMatching(/weights of 9 bytes.*smaller model/),
    details: { what: 'weights of 9 bytes' },
  });
  await expect(failures.settle()).resolves.toBeUndefined();
});

it('the first of several failures is the one that is told', async () => {
  const { gpu } = deviceWith([new GPUValidationError(), new GPUOutOfMemoryError()]);
  const failures = new Failures(gpu);
  failures.scope('a program', () => undefined);
  await expect(failures.settle()).rejects.toMatchObject({
    code: 'E_ARGUMENT',
    details: { what: 'a program' },
  });
  await expect(failures.settle()).resolves.toBeUndefined();
});

it('scopes are closed after what throws, and those of a lost device say nothing', async () => {
  const { gpu } = deviceWith([new Error('lost'), new Error('lost')]);
  const failures = new Failures(gpu);
  expect(() =>
    failures.scope('a program', () => {
      throw new TypeError('broken');
    }),
  ).toThrow('broken');
  await expect(failures.settle()).resolves.toBeUndefined();
});

it('what no scope caught is kept from the console until it is told, and not listened to after the end', async () => {
  const { gpu, report } = deviceWith([]);
  const failures = new Failures(gpu);
  expect(report(new GPUOutOfMemoryError()).prevented).toBe(true);
  await expect(failures.settle()).rejects.toMatchObject({ code: 'E_OUT_OF_MEMORY' });
  failures.dispose();
  expect(report(new GPUValidationError()).prevented).toBe(false);
  await expect(failures.settle()).resolves.toBeUndefined();
});

it('keeps the cause', () => {
  const error = new GPUValidationError() as unknown as GPUError;
  expect(typedError('a copy', error)).toMatchObject({
    code: 'E_ARGUMENT',
    message: 'a copy: WebGPU refused it (GPUValidationError): no such thing',
    cause: error,
  });
});
