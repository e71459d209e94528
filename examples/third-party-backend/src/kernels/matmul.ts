import type { Run } from './kernel.js';

/** y[m, n] = Σₖ a[m, k] · b[k, n], summed in float64, for every matrix of the batch. */
export const matmul: Run = ([a, b], [y], { transposeA, transposeB }) => {
  const [rows, columns] = y!.shape.slice(-2) as [number, number];
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  const [stepRowA, stepInnerA] = transposeA ? [1, rows] : [inner, 1];
  const [stepInnerB, stepColumnB] = transposeB ? [1, inner] : [columns, 1];
  for (let batch = 0; batch < y!.extent(0, y!.shape.length - 2); batch++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let from = batch * rows * inner + row * stepRowA;
        let to = batch * inner * columns + column * stepColumnB;
        let total = 0;
        for (let k = 0; k < inner; k++, from += stepInnerA, to += stepInnerB) {
          total += a!.get(from) * b!.get(to);
        }
        y!.set((batch * rows + row) * columns + column, total);
      }
    }
  }
};
