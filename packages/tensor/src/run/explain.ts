import { byteLengthOf, formatType, isContiguous, type Operand, type Program } from '@hybra/spec';
import type { StageRequests } from '../compile/stage-requests.js';
import type { CompiledStage } from './compiled-program.js';

/** Prints a compiled program: per device its memory, then one line per call, then what moves between devices. */
export function explainProgram(
  label: string,
  stages: readonly CompiledStage[],
  transfers: StageRequests['transfers'],
): string {
  const lines = [label];
  let level = -1;
  for (const stage of stages) {
    for (; level < stage.level; level++) {
      for (const { from, to, beforeLevel } of transfers) {
        if (beforeLevel !== level + 1) continue;
        lines.push(
          `  transfer ${formatType(from)} ${from.device.name} → ${to.device.name} (${formatBytes(byteLengthOf(from))})`,
        );
      }
    }
    lines.push(...explainStage(stage));
  }
  return lines.join('\n');
}

function explainStage({ device, plan, executable }: CompiledStage): string[] {
  const { program } = plan;
  const weights = program.bindings.filter(({ role }) => role === 'weight');
  const weightBytes = weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const { launches } = executable;
  const launched = launches ? ` in ${launches.reduce((sum, count) => sum + count, 0)} launches` : '';
  const lines = [
    `  on ${device.name} (${device.backend}): ${program.calls.length} calls${launched}, arena ${formatBytes(plan.arenaBytes)} in ${program.segments.length} segments (${formatBytes(plan.minimumBytes)} at least, ${formatBytes(plan.unsharedBytes)} unshared), ${plan.inPlaceCount} in place, weights ${formatBytes(weightBytes)}`,
  ];
  for (const [index, { name, role, byteLength }] of program.bindings.entries()) {
    if (role !== 'weight') lines.push(`    binding ${index} ${role} ${name} ${formatBytes(byteLength)}`);
  }
  for (const [index, call] of program.calls.entries()) {
    const via = plan.via[index]!;
    const attributes = Object.entries(call.attributes).map(([name, value]) => ` ${name}=${value}`);
    lines.push(
      `    ${String(index).padStart(4)} ${[...via, call.op].join(' › ')}${attributes.join('')}: ${call.inputs.map((x) => formatOperand(program, x)).join(', ')} → ${call.outputs.map((x) => formatOperand(program, x)).join(', ')} [${call.kernel}${launches && launches[index] !== 1 ? ` ×${launches[index]}` : ''}] ${formatBytes(call.outputs.reduce((sum, x) => sum + byteLengthOf(x), 0))}`,
    );
  }
  return lines;
}

function formatOperand(program: Program, operand: Operand): string {
  const { location } = program.buffers[operand.buffer]!;
  const place =
    location.kind === 'binding'
      ? program.bindings[location.index]!.name
      : `arena${location.segment}+${location.byteOffset}`;
  const strides = isContiguous(operand) ? '' : ` strides ${operand.strides.join(',')}`;
  return `${formatType(operand)}@${place}${operand.offset === 0 ? '' : `#${operand.offset}`}${strides}`;
}

/** `1.5 MiB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}
