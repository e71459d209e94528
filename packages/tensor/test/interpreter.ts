import { contiguousStrides, elementCount } from '@hybra/spec';
import type { Tensor } from '../src/graph/tensor.js';
import type { Value } from '../src/graph/value.js';

/**
 * Computes recorded i32 tensors by the definition of a window and of a few ops, one element at a time: what
 * any plan has to agree with.
 * @param given values of placeholders, by role and name
 */
export class Interpreter {
  readonly #known = new Map<Value, readonly number[]>();

  constructor(readonly given: ReadonlyMap<string, readonly number[]>) {}

  elements(x: Tensor): number[] {
    const values = this.#values(x.value);
    const logical = contiguousStrides(x.shape);
    return Array.from({ length: elementCount(x.shape) }, (_, index) => {
      let at = x.offset;
      for (const [axis, extent] of x.shape.entries()) {
        at += (Math.floor(index / logical[axis]!) % extent) * x.strides[axis]!;
      }
      return values[at]!;
    });
  }

  #values(value: Value): readonly number[] {
    let known = this.#known.get(value);
    if (known === undefined) {
      known = this.#compute(value);
      this.#known.set(value, known);
    }
    return known;
  }

  #compute(value: Value): readonly number[] {
    if (value.kind === 'literal') return Array.from(value.data);
    if (value.kind === 'transfer') return this.elements(value.source);
    if (value.kind === 'placeholder') return this.given.get(`${value.role} ${value.name}`)!;
    if (value.kind === 'stored') throw new Error('stored tensors are unknown to the interpreter');
    const { op, inputs, attributes } = value.node;
    const [a, b] = inputs.map((input) => this.elements(input)) as [number[], number[]];
    switch (op) {
      case 'copy':
        return a;
      case 'neg':
        return a.map((each) => -each | 0);
      case 'add':
        return a.map((each, index) => (each + b[index]!) | 0);
      case 'sub':
        return a.map((each, index) => (each - b[index]!) | 0);
      case 'mul':
        return a.map((each, index) => Math.imul(each, b[index]!));
      case 'fill':
        return new Array<number>(elementCount(value.shape)).fill(attributes.value as number);
      case 'cumulativeSum': {
        const width = value.shape.at(-1)!;
        let sum = 0;
        return a.map((each, index) => {
          sum = index % width === 0 ? each : (sum + each) | 0;
          return sum;
        });
      }
      default:
        throw new Error(`the interpreter has no ${op}`);
    }
  }
}
