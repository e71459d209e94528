import {
  type Device,
  elementCount,
  HybraError,
  hostArray,
  isFloat,
  mandatoryOps,
  type OpName,
  type TensorType,
} from '@hybra/spec';
import { type OpCase, opCases, opDefinitions, record } from '@hybra/tensor';
import { expect, it } from 'vitest';
import { type CheckedInput, compareWithDifferences, normals } from './central-differences.js';
import { onEachDevice } from './each-device.js';

/** Ops with kinks: numbers from a list may sit on one, and many random ones come too close. */
const kinked: Readonly<Partial<Record<OpName, number>>> = {
  abs: 50,
  maximum: 50,
  minimum: 50,
  max: 600,
  sort: 50,
  topK: 50,
};

/**
 * Ops that round to float32 within: angles, position · frequency to the last bit, and gradients of dt and A, which
 * are float32 beside float64. Differences are that coarse.
 */
const coarse: Readonly<Partial<Record<OpName, number>>> = {
  rope: 2e-3,
  selectiveScanGradient: 2e-3,
  ssdChunkScanGradient: 2e-3,
};

// The conformance cases of every op (awkward sizes, inactive rows, initial states) in float64 on the reference.
const largest = 1500;

/** Ops without a float input, or piecewise constant in all of them. */
const withoutGradient: readonly OpName[] = [
  'less',
  'equal',
  'and',
  'or',
  'not',
  'bitAnd',
  'bitOr',
  'bitXor',
  'shiftLeft',
  'shiftRight',
  'argmax',
  'fill',
  'iota',
  'random',
  'sample',
  'floor',
];

/** In rules.test.ts: the loss is float32 whatever the logits are, and a cast rounds. */
const checkedElsewhere: readonly OpName[] = ['crossEntropy', 'cast'];

let device: Device;
await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    for (const op of Object.keys(opCases) as OpName[]) {
      if (withoutGradient.includes(op) || checkedElsewhere.includes(op)) continue;
      it(`${op} has the gradients that differences show`, async () => {
        let checked = 0;
        for (const opCase of opCases[op]) {
          const inputs = prepare(op, opCase);
          if (!inputs) continue;
          // An op that takes no float64 is linear in what is checked: a wide step, and the rounding of float32.
          const isWide = inputs.some(({ dtype }) => dtype === 'f64');
          const comparisons = await compareWithDifferences(
            device,
            inputs,
            (tensors) => record(opDefinitions[op], tensors, opCase.attributes, opCase.declared),
            stepFor(op, isWide),
          );
          for (const { input, gradient, difference, scale } of comparisons) {
            if (!Number.isFinite(difference)) continue; // outside the op's domain
            checked++;
            // Central differences with step 1e-5 err by its square times the third derivative, and by the rounding
            // of float64 (or of a float32 gradient: dt, A) over the step.
            const tolerance = (isWide ? (coarse[op] ?? 2e-6) : 1e-3) * (scale + 1);
            expect(
              Math.abs(gradient - difference),
              `${opCase.name}, input ${input}: ${gradient} against ${difference}`,
            ).toBeLessThan(tolerance);
          }
        }
        expect(checked).toBeGreaterThan(0);
      });
    }
  },
);

it('leaves out no mandatory op', () => {
  const listed = [...Object.keys(opCases), ...withoutGradient];
  for (const op of mandatoryOps) expect(listed).toContain(op);
});

/** The case with its floats widened where the op allows it; `undefined` where differences make no sense. */
function prepare(op: OpName, opCase: OpCase): CheckedInput[] | undefined {
  const size = opCase.inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const isRandom = opCase.inputs.every(({ dtype, values }) => !isFloat(dtype) || isSmooth(op, values));
  const isPlain = opCase.inputs.every(
    ({ dtype, layout }) => (layout ?? 'contiguous') === 'contiguous' && dtype !== 'f16' && dtype !== 'bf16',
  );
  if (
    size > (kinked[op] ?? largest) ||
    !isRandom ||
    !isPlain ||
    !opCase.inputs.some(({ dtype }) => isFloat(dtype))
  )
    return undefined;
  const types: TensorType[] = [...opCase.inputs];
  const widenAll = types.map((type) => (type.dtype === 'f32' ? { ...type, dtype: 'f64' as const } : type));
  if (accepts(op, opCase, widenAll)) types.splice(0, types.length, ...widenAll);
  else {
    // dt, A and frequencies are float32 always: widen what can be.
    for (const index of types.keys()) {
      const trial = types.with(index, widenAll[index]!);
      if (accepts(op, opCase, trial)) types.splice(0, types.length, ...trial);
    }
  }
  const random = normals(op.length + opCase.name.length);
  return types.map(({ dtype, shape }, index) => {
    const { values } = opCase.inputs[index]!;
    const elements = hostArray(dtype, elementCount(shape));
    for (let i = 0; i < elements.length; i++) elements[i] = element(values, i, random, isFloat(dtype));
    return { dtype, shape, elements };
  });
}

/** Wider where float32 within rounds each difference. */
function stepFor(op: OpName, isWide: boolean): number {
  if (!isWide) return 1e-2;
  return op.endsWith('ScanGradient') ? 1e-3 : 1e-5;
}

function isSmooth(op: OpName, values: OpCase['inputs'][number]['values']): boolean {
  if (values.kind !== 'list') return true;
  return kinked[op] === undefined && values.values.every((value) => Number.isFinite(value) && value > 0);
}

function accepts(op: OpName, { attributes, declared }: OpCase, types: readonly TensorType[]): boolean {
  try {
    opDefinitions[op].infer(types, attributes ?? {}, declared?.map(widen));
    return true;
  } catch (error) {
    if (HybraError.isInstance(error) && error.code === 'E_DTYPE') return false;
    throw error;
  }
}

function widen<T extends TensorType>(type: T): T {
  return type.dtype === 'f32' ? { ...type, dtype: 'f64' } : type;
}

function element(
  values: OpCase['inputs'][number]['values'],
  index: number,
  random: () => number,
  fractional: boolean,
): number {
  switch (values.kind) {
    case 'list':
      return values.values[index % values.values.length]!;
    case 'normal':
      return (values.mean ?? 0) + random() * (values.scale ?? 1);
    case 'uniform': {
      const share = 0.5 + Math.atan(random()) / Math.PI;
      const value = values.low + share * (values.high - values.low);
      return fractional ? value : Math.floor(value);
    }
  }
}
