const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `658 KiB`: three digits and a binary unit. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${binaryUnits[unit]}`;
}

/** `5.2 M`: parameters, tokens. */
export function formatCount(count: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(count);
}

/** `31.4 tok/s`, or a dash where nothing was measured. */
export function formatRate(tokens: number, seconds: number): string {
  if (tokens === 0 || seconds === 0) return '–';
  const rate = tokens / seconds;
  return `${rate >= 100 ? Math.round(rate) : rate.toPrecision(3)} tok/s`;
}

/** A token's text with its invisible characters shown. */
export function visibleText(text: string): string {
  return text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replaceAll(' ', '␣') || '(part of a character)';
}

/** What a person calls a kind of layer. */
export function layerName(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    mamba: 'Mamba',
    mamba2: 'Mamba-2',
    attention: 'Attention',
    mlp: 'MLP',
    experts: 'Experts',
    parallel: 'Parallel',
    shared: 'Shared block',
    convolution: 'Convolution',
    recurrent: 'RG-LRU',
    deltaNet: 'Gated delta net',
  };
  return names[kind] ?? kind;
}
