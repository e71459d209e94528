import { contiguousStrides, type Device, type OpName, opSignatures } from '@hybra/spec';
import { type OpCase, opCases, opDefinitions } from '@hybra/tensor';

/**
 * Markdown for people who choose or write a backend: which device runs which op by which kernel, by its
 * decomposition, or not at all, as asked for every conformance case; then what each op means.
 * @param devices one column each, headed by the backend's name
 */
export function supportTable(devices: readonly Device[]): string {
  const ops = Object.keys(opSignatures) as OpName[];
  const rows = ops.map((op) => {
    const cells = devices.map((device) => cellOf(device, op));
    return `| [${op}](#${op.toLowerCase()}) | ${opSignatures[op].mandatory ? 'mandatory' : ''} | ${cells.join(' | ')} |`;
  });
  return [
    '# Ops',
    '',
    'Every backend has kernels for the mandatory ops. The others are decomposed where a backend has none.',
    '',
    `| op | | ${devices.map(({ backend }) => backend).join(' | ')} |`,
    `|---|---|${devices.map(() => '---|').join('')}`,
    ...rows,
    '',
    ...ops.flatMap(meaningOf),
  ].join('\n');
}

function cellOf(device: Device, op: OpName): string {
  const kernels = new Set<string>();
  let declined = 0;
  for (const opCase of opCases[op]) {
    const support = device.supports(plainCall(op, opCase));
    if (support.supported) kernels.add(`\`${support.kernel}\``);
    else declined += 1;
  }
  const fallback = opDefinitions[op].decompose ? 'decomposed' : 'missing';
  if (kernels.size === 0) return fallback;
  return [...kernels, ...(declined > 0 ? [`else ${fallback}`] : [])].join(', ');
}

function plainCall(
  op: OpName,
  { inputs, attributes = {}, declared }: OpCase,
): Parameters<Device['supports']>[0] {
  return {
    op,
    inputs: inputs.map(({ dtype, shape }) => ({
      dtype,
      shape,
      strides: contiguousStrides(shape),
      offset: 0,
    })),
    outputs: opDefinitions[op].infer(inputs, attributes, declared),
    attributes,
  };
}

function meaningOf(op: OpName): string[] {
  const signature: (typeof opSignatures)[OpName] & { attributes?: Readonly<Record<string, string>> } =
    opSignatures[op];
  const attributes = Object.entries(signature.attributes ?? {});
  return [
    `## ${op}`,
    '',
    signature.semantics,
    '',
    ...signature.inputs.map((input) => `- takes \`${input}\``),
    ...signature.outputs.map((output) => `- gives \`${output}\``),
    ...attributes.map(([name, meaning]) => `- attribute \`${name}\`: ${meaning}`),
    '',
  ];
}
