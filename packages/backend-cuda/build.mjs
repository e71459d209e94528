// Compiles native/*.cu into fatbins/*.fatbin with nvcc: machine code for every architecture that this nvcc knows of
// those below, and PTX for newer ones. Without nvcc it says so and ends well: the package then finds no kernels.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('./native/', import.meta.url));
const target = fileURLToPath(new URL('./fatbins/', import.meta.url));

/** Machine code by virtual architecture; 8.0 also serves 8.6 and 8.9, and its PTX whatever is newer. */
const wanted = ['compute_80', 'compute_90a', 'compute_100', 'compute_120'];

const nvcc = process.env.NVCC ?? 'nvcc';
const probe = spawnSync(nvcc, ['--list-gpu-arch'], { encoding: 'utf8' });
if (probe.error || probe.status !== 0) {
  console.log(`backend-cuda: no nvcc (${nvcc}), so no CUDA kernels are built; --device cuda will say so.`);
  process.exit(0);
}
const requested = process.env.HYBRA_CUDA_TARGETS;
if (requested === 'local' && localTargets().length === 0) {
  console.log('backend-cuda: no NVIDIA GPU here, so no CUDA kernels are built; --device cuda will say so.');
  process.exit(0);
}
const known = new Set(probe.stdout.split(/\s+/));
const chosen =
  requested === 'local' ? localTargets() : (requested?.split(',').map((name) => `compute_${name}`) ?? wanted);
const targets = chosen.filter((name) => known.has(name.replace(/a$/, '')));
const flags = [
  '-std=c++17',
  '-O3',
  '--fatbin',
  '--compress-mode=size',
  ...targets.flatMap((name) => ['-gencode', `arch=${name},code=${name.replace('compute', 'sm')}`]),
  ...(targets.includes('compute_80') ? ['-gencode', 'arch=compute_80,code=compute_80'] : []),
];

const files = readdirSync(sources).filter((name) => name.endsWith('.cu'));
const headers = readdirSync(sources).filter((name) => name.endsWith('.cuh'));
const common = [flags.join(' '), ...headers.map((name) => readFileSync(sources + name, 'utf8'))];
mkdirSync(target, { recursive: true });
const stamps = readStamps();
for (const name of readdirSync(target)) {
  const isCurrent = name === 'stamps.json' || files.includes(name.replace(/\.fatbin$/, '.cu'));
  if (!isCurrent) rmSync(target + name);
}

const queue = [...files].sort();
let failed = 0;
await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work));
writeFileSync(`${target}stamps.json`, JSON.stringify(stamps, null, 1));
console.log(
  `backend-cuda: ${files.length - failed} of ${files.length} kernel files for ${targets.join(', ')}`,
);
process.exit(failed > 0 ? 1 : 0);

/** Those of `wanted` that serve the GPUs of this machine. */
function localTargets() {
  const { stdout } = spawnSync('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  const majors = new Set((stdout ?? '').split('\n').map((line) => Number.parseInt(line, 10)));
  return wanted.filter((name) =>
    majors.has(Math.floor(Number.parseInt(name.slice('compute_'.length), 10) / 10)),
  );
}

async function work() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const stamp = createHash('sha256')
      .update([...common, readFileSync(sources + file, 'utf8')].join('\0'))
      .digest('hex');
    const output = `${target}${file.replace(/\.cu$/, '.fatbin')}`;
    if (stamps[file] === stamp && exists(output)) continue;
    const code = await new Promise((resolve) => {
      const child = spawn(nvcc, [...flags, '-o', output, sources + file], { stdio: 'inherit' });
      child.on('error', () => resolve(1));
      child.on('exit', resolve);
    });
    if (code === 0) stamps[file] = stamp;
    else {
      failed += 1;
      delete stamps[file];
      rmSync(output, { force: true });
    }
  }
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(`${target}stamps.json`, 'utf8'));
  } catch {
    return {};
  }
}

function exists(path) {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
