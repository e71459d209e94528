import { cpu } from '@hybra/backend-cpu';
import { add, compile, createRegistry, data, matmul, readback, softmax, tensorOn } from '@hybra/tensor';

// Importing registers nothing: a program names its backends.
const device = await createRegistry([cpu()]).open();

// Ops record; `data` computes what was recorded. Good for trying things out.
const weight = tensorOn(device, [1, 0, -1, 2, 0.5, 1], [3, 2]);
console.log(await data(softmax(add(weight, 1))));

// What runs often is compiled once. Weights are captured, inputs and states are given at each run.
const program = await compile({
  label: 'running total',
  device,
  inputs: { x: { dtype: 'f32', shape: [1, 3] } },
  states: { total: { dtype: 'f32', shape: [1, 2] } },
  build: ({ inputs, states }) => ({ states: { total: add(states.total!, matmul(inputs.x!, weight)) } }),
});

let states: { readonly [name: string]: ReturnType<typeof tensorOn> } = {
  total: tensorOn(device, [0, 0], [1, 2]),
};
for (const x of [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)]) {
  ({ states } = program.run({ inputs: { x }, states }));
}
console.log(await readback(states.total!)); // Float32Array [ 2.5, 23 ]
console.log(program.explain());
await device.dispose();
