import type { HostArray } from '@hybra/spec';
import { erf } from '../../numbers/erf.js';

/** `y[yFrom + i] = f(x[xFrom + i · xStep])` for i in 0 … count − 1. Steps of 0 repeat one element. */
export type UnaryLoop = (
  x: HostArray,
  xFrom: number,
  xStep: number,
  y: HostArray,
  yFrom: number,
  count: number,
) => void;

/**
 * One loop per unary op. They are written out, not made from a function argument, because an engine inlines
 * the arithmetic only into a loop that no other op shares.
 */
export const unaryLoops = {
  neg(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = -x[xFrom + i * xStep]!;
  },
  abs(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.abs(x[xFrom + i * xStep]!);
  },
  exp(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.exp(x[xFrom + i * xStep]!);
  },
  expm1(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.expm1(x[xFrom + i * xStep]!);
  },
  log(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.log(x[xFrom + i * xStep]!);
  },
  log1p(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.log1p(x[xFrom + i * xStep]!);
  },
  sin(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.sin(x[xFrom + i * xStep]!);
  },
  cos(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.cos(x[xFrom + i * xStep]!);
  },
  tanh(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.tanh(x[xFrom + i * xStep]!);
  },
  erf(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = erf(x[xFrom + i * xStep]!);
  },
  sqrt(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.sqrt(x[xFrom + i * xStep]!);
  },
  reciprocal(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = 1 / x[xFrom + i * xStep]!;
  },
  floor(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.floor(x[xFrom + i * xStep]!);
  },
  not(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = x[xFrom + i * xStep] === 0 ? 1 : 0;
  },
} as const satisfies Record<string, UnaryLoop>;
