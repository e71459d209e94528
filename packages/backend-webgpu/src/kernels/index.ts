import type { WebGpuKernel } from '../kernel.js';
import { argmaxKernel } from './array/argmax.js';
import { concatKernel } from './array/concat.js';
import { cumulativeSumKernel } from './array/cumulative-sum.js';
import { fillKernel, iotaKernel, randomKernel } from './array/make.js';
import { copyKernel, gatherRowsKernel, padKernel } from './array/move.js';
import { maxKernel, sumKernel } from './array/reduce.js';
import { sortKernel, topKKernel } from './array/sort.js';
import { scatterAddRowsKernel, writeRowsKernel } from './array/write-rows.js';
import { binaryKernels } from './elementwise/binary.js';
import { castKernel } from './elementwise/cast.js';
import { notKernel, selectKernel } from './elementwise/select.js';
import { geluKernel, unaryKernels } from './elementwise/unary.js';
import { matmulElementsKernel } from './matmul/matmul-elements.js';
import { matmulRowsKernel } from './matmul/matmul-rows.js';
import { matmulTiledKernel } from './matmul/matmul-tiled.js';

/** Kernels of the ops that every backend must have, and of the functions of one or two elements. */
export const mandatoryKernels: readonly WebGpuKernel[] = [
  ...unaryKernels,
  ...binaryKernels,
  castKernel,
  notKernel,
  selectKernel,
  sumKernel,
  maxKernel,
  argmaxKernel,
  cumulativeSumKernel,
  sortKernel,
  matmulRowsKernel,
  matmulTiledKernel,
  matmulElementsKernel,
  gatherRowsKernel,
  scatterAddRowsKernel,
  writeRowsKernel,
  concatKernel,
  padKernel,
  fillKernel,
  iotaKernel,
  randomKernel,
  copyKernel,
];

/** All kernels of this backend. */
export const standardKernels: readonly WebGpuKernel[] = [...mandatoryKernels, geluKernel, topKKernel];
