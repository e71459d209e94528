import type { ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch } from '../kernel.js';
import type { GemvAround } from '../kernels/matmul/gemv.js';
import { isMatmulWhole, matmulRows } from '../kernels/matmul/matmul-rows.js';
import { isQuantizedWhole, quantizedRows } from '../kernels/matmul/quantized-rows.js';

/** A product of few rows that others may be computed with. */
export interface FusableProduct {
  readonly call: ProgramCall;
  /** Its dispatch in a fused call whose first inputs are those of `call`. @param residual place of what is added */
  build(residual: number | undefined, around: GemvAround): Dispatch;
}

/** The call as such a product, if it is one. */
export function productOf(call: ProgramCall, facts: DeviceFacts): FusableProduct | undefined {
  if (
    call.kernel === 'webgpu/matmul-rows' &&
    call.inputs[0]!.shape.length === 2 &&
    isMatmulWhole(call, facts)
  ) {
    return {
      call,
      build: (residual, around) => matmulRows(call, facts, { x: 0, weight: 1, residual }, around),
    };
  }
  if (call.kernel === 'webgpu/quantized-rows' && isQuantizedWhole(call, facts)) {
    return { call, build: (residual, around) => quantizedRows(call, facts, residual, around) };
  }
  return undefined;
}
