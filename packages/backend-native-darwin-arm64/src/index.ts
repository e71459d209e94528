import { fileURLToPath } from 'node:url';

/** Where the binary lies: for `process.dlopen` or `require`. Only there if a compiler was when this was built. */
export const addonPath: string = fileURLToPath(new URL('hybra-native.node', import.meta.url));
