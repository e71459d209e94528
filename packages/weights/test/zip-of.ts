/** A zip archive of files stored as they are. @param method of compression that the directory claims */
export function zipOf(
  files: Readonly<Record<string, Uint8Array>>,
  options: { readonly method?: number } = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.byteLength;
  };
  for (const [name, bytes] of Object.entries(files)) {
    const text = new TextEncoder().encode(name);
    const entry = new Uint8Array(46 + text.length);
    const view = new DataView(entry.buffer);
    view.setUint32(0, 0x0201_4b50, true);
    view.setUint16(10, options.method ?? 0, true);
    view.setUint32(20, bytes.byteLength, true);
    view.setUint32(24, bytes.byteLength, true);
    view.setUint16(28, text.length, true);
    view.setUint32(42, at, true);
    entry.set(text, 46);
    directory.push(entry);

    const local = new Uint8Array(30 + text.length);
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x0403_4b50, true);
    localView.setUint16(26, text.length, true);
    local.set(text, 30);
    add(local);
    add(bytes);
  }
  const start = at;
  for (const entry of directory) add(entry);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x0605_4b50, true);
  view.setUint16(10, directory.length, true);
  view.setUint32(12, at - start, true);
  view.setUint32(16, start, true);
  add(end);
  const whole = new Uint8Array(at);
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.byteLength;
  }
  return whole;
}
