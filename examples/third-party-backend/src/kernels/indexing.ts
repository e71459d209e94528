import type { Elements } from '../elements.js';
import { copy } from './choosing.js';
import type { Run } from './kernel.js';

export const gatherRows: Run = ([table, indices], [y]) => {
  const width = table!.extent(1);
  for (let row = 0; row < indices!.count; row++) {
    const from = indices!.get(row);
    const exists = from >= 0 && from < table!.shape[0]!;
    for (let at = 0; at < width; at++) y!.set(row * width + at, exists ? table!.get(from * width + at) : 0);
  }
};

/** Copies the target unless it is the output already, then writes each row that exists. */
function scatter(write: (y: Elements, at: number, value: number) => void): Run {
  return ([target, indices, rows], [y], attributes) => {
    copy([target!], [y!], attributes);
    const width = target!.extent(1);
    for (let row = 0; row < indices!.count; row++) {
      const to = indices!.get(row);
      if (to < 0 || to >= target!.shape[0]!) continue;
      for (let at = 0; at < width; at++) write(y!, to * width + at, rows!.get(row * width + at));
    }
  };
}

export const scatterAddRows: Run = scatter((y, at, value) => y.set(at, y.get(at) + value));
export const writeRows: Run = scatter((y, at, value) => y.set(at, value));

export const concat: Run = (inputs, [y], { axis }) => {
  const at = axis as number;
  const width = y!.extent(at);
  let start = 0;
  for (const x of inputs) {
    const part = x.extent(at);
    for (let index = 0; index < x.count; index++) {
      y!.set(Math.floor(index / part) * width + start + (index % part), x.get(index));
    }
    start += part;
  }
};

export const pad: Run = ([x], [y], { before, value }) => {
  for (let index = 0; index < y!.count; index++) y!.set(index, value as number);
  for (let index = 0; index < x!.count; index++) {
    let rest = index;
    let at = 0;
    let stride = 1;
    for (let axis = x!.shape.length - 1; axis >= 0; axis--) {
      const extent = x!.shape[axis]!;
      at += ((rest % extent) + (before as number[])[axis]!) * stride;
      rest = Math.floor(rest / extent);
      stride *= y!.shape[axis]!;
    }
    y!.set(at, x!.get(index));
  }
};
