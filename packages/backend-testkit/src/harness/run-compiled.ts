import { byteSize, type Device } from '@hybra/spec';
import { bytesOf, compile, readback, record, storageOf, storedTensor, Tensor } from '@hybra/tensor';
import type { LaidOut } from '../cases/lay-out.js';
import type { PreparedCase } from '../cases/prepare-case.js';
import type { Workbench } from './workbench.js';

/** What the core made of a case. */
export interface CompiledRun {
  readonly outputs: readonly Uint8Array[];
  /** Every call of the program: its op and kernel, and the ops it was decomposed from. */
  readonly calls: readonly {
    readonly op: string;
    readonly kernel: string;
    readonly via: readonly string[];
  }[];
  readonly problems: readonly string[];
}

/**
 * Records a case's op on stored tensors that are windows on poisoned buffers, compiles and runs it twice.
 * @throws E_UNSUPPORTED_OP and whatever the device throws
 */
export async function runCompiled(
  bench: Workbench,
  prepared: PreparedCase,
  inputs: readonly LaidOut[],
): Promise<CompiledRun> {
  const { device } = bench;
  const tensors = inputs.map((laid) => tensorOver(bench, device, laid));
  const program = await compile({
    label: prepared.op,
    device,
    build: () => {
      const outputs = record(prepared.definition, tensors, prepared.attributes, prepared.declared);
      return { outputs: Object.fromEntries(outputs.map((output, index) => [`y${index}`, output])) };
    },
  });
  try {
    const once = async (): Promise<Uint8Array[]> => {
      const { outputs } = program.run();
      const arrays: Uint8Array[] = [];
      for (const index of prepared.outputs.keys()) {
        arrays.push(bytesOf(await readback(outputs[`y${index}`]!)).slice());
      }
      return arrays;
    };
    const outputs = await once();
    const again = await once();
    const problems = outputs.flatMap((bytes, index) =>
      bytes.every((byte, at) => byte === again[index]![at])
        ? []
        : [`output ${index} differs between two runs of the compiled program`],
    );
    const calls = program.stages.flatMap(({ plan }) =>
      plan.program.calls.map(({ op, kernel }, index) => ({ op, kernel, via: plan.via[index]! })),
    );
    return { outputs, calls, problems };
  } finally {
    program.dispose();
  }
}

function tensorOver(bench: Workbench, device: Device, { bytes, window }: LaidOut): Tensor {
  const buffer = bench.upload(bytes);
  const elements = bytes.byteLength / byteSize(window.dtype);
  const base = storedTensor({ dtype: window.dtype, shape: [elements] }, storageOf(device, buffer));
  return new Tensor(base.value, window);
}
