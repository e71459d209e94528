import { type DeviceBuffer, type Program, specVersion } from '@hybra/spec';
import {
  addProgram,
  type DeviceCheck,
  type DeviceContext,
  ensure,
  ensureBytes,
  ensureRefused,
  floatBytes,
} from './device-check.js';

/** Three buffers of two float32 each, the first two filled. */
function operands({ device }: DeviceContext): DeviceBuffer[] {
  const buffers = [device.allocate(8), device.allocate(8), device.allocate(8)];
  device.write(buffers[0]!, 0, floatBytes(1, 2));
  device.write(buffers[1]!, 0, floatBytes(10, 20));
  return buffers;
}

/** Programs: order, bindings, arenas, failures. */
export const runChecks: readonly DeviceCheck[] = [
  {
    name: 'runs in order with writes, copies and reads',
    async run(context) {
      const { device } = context;
      const [a, b, y] = operands(context) as [DeviceBuffer, DeviceBuffer, DeviceBuffer];
      const kept = device.allocate(8);
      const executable = await device.compile(addProgram(device, 2));
      executable.run([a, b, y]);
      device.copy(y, 0, kept, 0, 8);
      device.write(a, 0, floatBytes(100, 200));
      executable.run([a, b, y]);
      device.write(a, 0, floatBytes(0, 0));
      ensureBytes(await device.read(kept, 0, 8), floatBytes(11, 22), 'the first run');
      ensureBytes(await device.read(y, 0, 8), floatBytes(110, 220), 'the second run');
      executable.dispose();
      for (const buffer of [a, b, y, kept]) buffer.dispose();
    },
  },
  {
    name: 'takes the bindings of a run at once',
    async run(context) {
      const { device } = context;
      const buffers = operands(context);
      const other = device.allocate(8);
      const executable = await device.compile(addProgram(device, 2));
      const bindings = [...buffers];
      executable.run(bindings);
      bindings[2] = other;
      executable.run(bindings);
      bindings.length = 0;
      ensureBytes(await device.read(buffers[2]!, 0, 8), floatBytes(11, 22), 'the first output');
      ensureBytes(await device.read(other, 0, 8), floatBytes(11, 22), 'the second output');
      executable.dispose();
      for (const buffer of [...buffers, other]) buffer.dispose();
    },
  },
  {
    name: 'allocates nothing in a run, and gives an arena back',
    async run(context) {
      const { device } = context;
      await device.synchronize();
      const before = device.memoryBytes();
      const buffers = operands(context);
      const { alignment } = device.capabilities;
      const executable = await device.compile({ ...addProgram(device, 2), segments: [alignment * 4] });
      ensure(executable.arenaBytes >= alignment * 4, `arenaBytes is ${executable.arenaBytes}`);
      executable.run(buffers);
      await device.synchronize();
      const held = device.memoryBytes();
      executable.run(buffers);
      await device.synchronize();
      ensure(device.memoryBytes() === held, 'a second run allocated memory');
      executable.dispose();
      executable.dispose();
      for (const buffer of buffers) buffer.dispose();
      await device.synchronize();
      ensure(device.memoryBytes() <= before, 'memory is held after everything was disposed of');
    },
  },
  {
    name: 'refuses a run with missing, short, disposed or foreign bindings',
    async run(context) {
      const { backend, device } = context;
      const [a, b, y] = operands(context) as [DeviceBuffer, DeviceBuffer, DeviceBuffer];
      const executable = await device.compile(addProgram(device, 2));
      const short = device.allocate(4);
      const gone = device.allocate(8);
      gone.dispose();
      const other = await backend.open();
      const foreign = other.allocate(8);
      await ensureRefused(device, () => executable.run([a, b]), 'a run with two of three bindings');
      await ensureRefused(device, () => executable.run([a, short, y]), 'a run with a short binding');
      await ensureRefused(device, () => executable.run([a, gone, y]), 'a disposed binding', ['E_DISPOSED']);
      await ensureRefused(device, () => executable.run([a, foreign, y]), 'a foreign binding');
      executable.run([a, b, y]);
      ensureBytes(await device.read(y, 0, 8), floatBytes(11, 22), 'a sound run after refused ones');
      executable.dispose();
      await ensureRefused(device, () => executable.run([a, b, y]), 'a disposed executable', ['E_DISPOSED']);
      for (const buffer of [a, b, y, short]) buffer.dispose();
      await other.dispose();
    },
  },
  {
    name: 'refuses programs that it cannot run',
    async run({ device }) {
      const program = addProgram(device, 2);
      const with_ = (change: object): Program => ({
        ...program,
        calls: [{ ...program.calls[0]!, ...change }],
      });
      const unsupported = ['E_UNSUPPORTED_OP'];
      await ensureRefused(
        device,
        () => device.compile(with_({ op: 'noSuchOp' })),
        'an unknown op',
        unsupported,
      );
      await ensureRefused(device, () => device.compile(with_({ kernel: 'none/such' })), 'an unknown kernel');
      const future = { ...program, specVersion: (specVersion + 1) as typeof specVersion };
      await ensureRefused(device, () => device.compile(future), 'a program of another version');
    },
  },
  {
    name: 'answers about kernels the same way every time, also about ops it has never heard of',
    run({ device }) {
      const [call] = addProgram(device, 2).calls;
      const first = JSON.stringify(device.supports(call!));
      ensure(JSON.stringify(device.supports(call!)) === first, 'two answers about one call differ');
      const unknown = device.supports({ ...call!, op: 'noSuchOp' });
      ensure(!unknown.supported && unknown.reason.length > 0, 'an unknown op is not refused with a reason');
    },
  },
  {
    name: 'gives one timing per call where it measures',
    async run(context) {
      const { device } = context;
      const buffers = operands(context);
      const executable = await device.compile(addProgram(device, 2), { timings: true });
      executable.run(buffers);
      const timings = await executable.timings?.();
      ensure(timings === undefined || (timings.length === 1 && timings[0]! >= 0), `timings are ${timings}`);
      executable.dispose();
      for (const buffer of buffers) buffer.dispose();
    },
  },
];
