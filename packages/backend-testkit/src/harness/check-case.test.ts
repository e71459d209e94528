import { type CpuKernel, cpu, type KernelRun, standardKernels } from '@hybra/backend-cpu';
import type { KernelTraits, OpName } from '@hybra/spec';
import type { OpCase } from '@hybra/tensor';
import { describe, expect, it } from 'vitest';
import { checkDecomposed, checkNative, type Finding } from './check-case.js';

const rows: OpCase = {
  name: 'transposed rows',
  inputs: [{ dtype: 'f32', shape: [3, 5, 7], values: { kind: 'normal' }, layout: 'transposed' }],
};
/** As many bytes as any alignment, so that the guard in the arena follows at once. */
const plainRows: OpCase = {
  name: 'rows',
  inputs: [{ dtype: 'f32', shape: [16, 64], values: { kind: 'normal' } }],
};

type Build = (call: Parameters<CpuKernel['build']>[0]) => KernelRun;

function kernel(op: OpName, build: Build, traits: Omit<KernelTraits, 'kernel'> = {}): CpuKernel {
  return { name: `broken/${op}`, op, supports: () => ({ supported: true, ...traits }), build };
}

/** Runs a case of `neg` on a CPU device with one more kernel, against one without. */
async function judge(broken: CpuKernel, opCase = plainRows, check = checkNative): Promise<Finding> {
  const device = await cpu({ kernels: [broken, ...standardKernels] }).open();
  const reference = await cpu().open();
  try {
    return await check({ device, reference }, 'neg', opCase);
  } finally {
    await device.dispose();
    await reference.dispose();
  }
}

async function problemsOf(broken: CpuKernel, opCase?: OpCase): Promise<string> {
  const finding = await judge(broken, opCase);
  if (finding.kind !== 'checked') throw new Error(finding.reason);
  expect(finding.kernel).toBe('broken/neg');
  return finding.problems.join('\n');
}

const sound: Build =
  () =>
  ([x], [y]) => {
    for (let index = 0; index < y!.length; index++) y![index] = -x![index]!;
  };

describe('a sound kernel', () => {
  it('passes, so that the tests below fail for their own reason', async () => {
    const finding = await judge(kernel('neg', sound, { inPlace: [[0, 0]] }));
    expect(finding).toEqual({ kind: 'checked', kernel: 'broken/neg', problems: [] });
  });

  it('passes behind a copy where it takes no strides', async () => {
    expect(await judge(kernel('neg', sound), rows)).toMatchObject({ problems: [] });
  });
});

describe('catches a kernel that', () => {
  it('is off by one', async () => {
    const offByOne: Build =
      () =>
      ([x], [y]) => {
        for (let index = 0; index < y!.length - 1; index++) y![index] = -x![index]!;
      };
    expect(await problemsOf(kernel('neg', offByOne))).toMatch(/element 1023 is NaN/);
  });

  it('writes past its output', async () => {
    const past: Build = (call) => (inputs, outputs, scratch) => {
      sound(call)(inputs, outputs, scratch);
      const { buffer, byteOffset, length } = outputs[0]!;
      const end = byteOffset + length * 4;
      if (end + 4 <= buffer.byteLength) new Float32Array(buffer as ArrayBuffer, end, 1)[0] = 0;
    };
    const problems = await problemsOf(kernel('neg', past));
    expect(problems).toMatch(/wrote 0 bytes past output 0/);
    expect(problems).toMatch(/wrote over the arena after output 0/);
  });

  it('writes before its output', async () => {
    const before: Build = (call) => (inputs, outputs, scratch) => {
      sound(call)(inputs, outputs, scratch);
      const { buffer, byteOffset } = outputs[0]!;
      if (byteOffset >= 4) new Float32Array(buffer as ArrayBuffer, byteOffset - 4, 1)[0] = 0;
    };
    expect(await problemsOf(kernel('neg', before))).toMatch(/wrote over the arena before output 0/);
  });

  it('writes over its input', async () => {
    const over: Build = (call) => (inputs, outputs, scratch) => {
      sound(call)(inputs, outputs, scratch);
      inputs[0]![0] = 0;
    };
    expect(await problemsOf(kernel('neg', over))).toMatch(/wrote over input 0/);
  });

  it('claims to take strides and ignores them', async () => {
    expect(await problemsOf(kernel('neg', sound, { acceptsStrided: true }), rows)).toMatch(/are not equal/);
  });

  it('gives something else every time, within the tolerance', async () => {
    let runs = 0;
    const drifting: Build =
      () =>
      ([x], [y]) => {
        runs += 1;
        for (let index = 0; index < y!.length; index++) y![index] = Math.exp(x![index]!) * (1 + runs * 1e-7);
      };
    const device = await cpu({ kernels: [kernel('exp', drifting), ...standardKernels] }).open();
    const reference = await cpu().open();
    const finding = await checkNative({ device, reference }, 'exp', plainRows);
    await device.dispose();
    await reference.dispose();
    expect(finding).toMatchObject({ kind: 'checked' });
    const problems = finding.kind === 'checked' ? finding.problems.join('\n') : '';
    expect(problems).toMatch(/differs between two runs/);
    expect(problems).not.toMatch(/reference/);
  });

  it('reads its output before writing it', async () => {
    const accumulating: Build =
      () =>
      ([x], [y]) => {
        for (let index = 0; index < y!.length; index++) y![index]! -= x![index]!;
      };
    expect(await problemsOf(kernel('neg', accumulating))).toMatch(/is NaN/);
  });

  it('claims to work in place and does not', async () => {
    const clearing: Build =
      () =>
      ([x], [y]) => {
        const last = y!.length - 1;
        y![0] = 0;
        for (let index = 0; index <= last; index++) y![index] = -x![index]!;
      };
    const problems = await problemsOf(kernel('neg', clearing, { inPlace: [[0, 0]] }));
    expect(problems).toMatch(/output 0 in place of input 0: output 0: .*element 0 is 0/);
  });

  it('declines a mandatory op', async () => {
    const declining: CpuKernel = {
      ...kernel('neg', sound),
      supports: () => ({ supported: false, reason: 'too tired' }),
    };
    const device = await cpu({ kernels: [declining] }).open();
    const reference = await cpu().open();
    const finding = await checkNative({ device, reference }, 'neg', plainRows);
    await device.dispose();
    await reference.dispose();
    expect(finding).toMatchObject({
      kind: 'checked',
      problems: [expect.stringMatching(/mandatory.*too tired/)],
    });
  });
});

describe('optional ops', () => {
  it('are skipped natively with the reason of the device', async () => {
    const device = await cpu({ kernels: standardKernels.filter(({ op }) => op !== 'softmax') }).open();
    const finding = await checkNative({ device, reference: device }, 'softmax', rows);
    await device.dispose();
    expect(finding).toEqual({ kind: 'skipped', reason: expect.stringContaining('softmax') });
  });

  it('are decomposed although there is a kernel', async () => {
    const device = await cpu({ kernels: [kernel('softmax', sound), ...standardKernels] }).open();
    const reference = await cpu().open();
    const finding = await checkDecomposed({ device, reference }, 'softmax', rows);
    await device.dispose();
    await reference.dispose();
    expect(finding).toEqual({ kind: 'checked', kernel: 'decomposition', problems: [] });
  });

  it('are caught when a kernel for a simpler op is wrong', async () => {
    const device = await cpu({ kernels: [kernel('exp', sound), ...standardKernels] }).open();
    const reference = await cpu().open();
    const finding = await checkDecomposed({ device, reference }, 'softmax', rows);
    await device.dispose();
    await reference.dispose();
    expect(finding).toMatchObject({ problems: [expect.stringMatching(/f32\[3, 5, 7\]/)] });
  });
});
