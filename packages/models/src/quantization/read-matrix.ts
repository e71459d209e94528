import { elementCount, HybraError, type QuantScheme } from '@hybra/spec';
import { fileByteSize, joinBytes, type QuantizedMatrix, type WeightSource } from '@hybra/weights';
import type { ParameterSpec } from '../config/parameter-spec.js';
import type { StoredForm } from '../families/stored-form.js';
import type { StoredMatrix } from '../load/upload-matrix.js';

/**
 * Reads a quantised parameter that lies in whole rows of quantised tensors.
 * @param schemeOf the scheme of a tensor
 * @throws E_FORMAT when its parts are of several schemes or no whole rows
 */
export async function readMatrix(
  source: WeightSource,
  form: StoredForm,
  parameter: {
    readonly spec: ParameterSpec;
    readonly schemeOf: (tensor: string) => QuantScheme | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<StoredMatrix> {
  const { spec, schemeOf, signal } = parameter;
  const scheme = schemeOf(form[0]!.tensor);
  const columns = spec.shape[1]!;
  const fits = form.every(
    (run) =>
      schemeOf(run.tensor) === scheme &&
      run.shape[1] === columns &&
      run.start % columns === 0 &&
      run.count % columns === 0,
  );
  if (!scheme || spec.shape.length !== 2 || !fits) {
    throw new HybraError(
      'E_FORMAT',
      `checkpoint: ${spec.name} is quantised (${form[0]!.tensor}), but not made of whole rows of one scheme. Quantise the original again.`,
      { tensor: form[0]!.tensor, parameter: spec.name },
    );
  }
  const read = async (part: keyof QuantizedMatrix): Promise<Uint8Array<ArrayBuffer>> => {
    const rows = await Promise.all(
      form.map(async ({ tensor, shape, start, count }) => {
        const name = `${tensor}.${part}`;
        const whole = await source.read(name, signal);
        if (count === elementCount(shape)) return whole;
        const entry = source.entries.get(name)!;
        const rowBytes = entry.shape[1]! * fileByteSize(entry.dtype);
        const first = start / columns;
        return whole.slice(first * rowBytes, (first + count / columns) * rowBytes);
      }),
    );
    return rows.length === 1 ? rows[0]! : joinBytes(rows);
  };
  const matrix: QuantizedMatrix = {
    codes: await read('codes'),
    scales: await read('scales'),
    ...(scheme.hasZeroPoints && { zeros: await read('zeros') }),
  };
  return { matrix, scheme };
}
