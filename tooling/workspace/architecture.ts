/** What a package may import, and where it must run. */
export interface PackageRule {
  /** Names of our packages that its published code may import; `anything` for composition roots. */
  readonly imports: readonly string[] | 'anything';
  /** Whether it must run without any module of Node. */
  readonly browserSafe: boolean;
}

const backend: PackageRule = { imports: ['@hybra/spec'], browserSafe: false };
const portableBackend: PackageRule = { ...backend, browserSafe: true };

/**
 * The arrows between packages. They point down to `@hybra/spec`; a backend imports that and nothing else of
 * ours; only composition roots name a concrete backend. A new package needs a row here.
 */
export const architecture: Readonly<Record<string, PackageRule>> = {
  '@hybra/spec': { imports: [], browserSafe: true },
  '@hybra/tensor': { imports: ['@hybra/spec'], browserSafe: true },
  '@hybra/autograd': { imports: ['@hybra/spec', '@hybra/tensor'], browserSafe: true },
  '@hybra/backend-cpu': portableBackend,
  '@hybra/backend-webgpu': portableBackend,
  '@hybra/backend-native': backend,
  '@hybra/backend-native-darwin-arm64': { imports: [], browserSafe: false },
  '@hybra/backend-native-linux-arm64': { imports: [], browserSafe: false },
  '@hybra/backend-native-linux-x64': { imports: [], browserSafe: false },
  '@hybra/backend-cuda': backend,
  '@hybra/webgpu-node': { imports: [], browserSafe: false },
  '@hybra/backend-testkit': { imports: ['@hybra/spec', '@hybra/tensor'], browserSafe: false },
  '@hybra/layers': { imports: ['@hybra/spec', '@hybra/tensor'], browserSafe: true },
  '@hybra/weights': { imports: ['@hybra/spec'], browserSafe: true },
  '@hybra/models': {
    imports: ['@hybra/spec', '@hybra/tensor', '@hybra/layers', '@hybra/weights'],
    browserSafe: true,
  },
  '@hybra/model-shakespeare': { imports: [], browserSafe: false },
  '@hybra/tokenizer': { imports: [], browserSafe: true },
  '@hybra/generate': {
    imports: ['@hybra/spec', '@hybra/tensor', '@hybra/layers', '@hybra/tokenizer', '@hybra/weights'],
    browserSafe: true,
  },
  '@hybra/train': {
    imports: [
      '@hybra/spec',
      '@hybra/tensor',
      '@hybra/autograd',
      '@hybra/layers',
      '@hybra/models',
      '@hybra/weights',
    ],
    browserSafe: true,
  },
  hybra: { imports: 'anything', browserSafe: false },
};

/** Whether a specifier names one of our packages. */
export function isOurs(specifier: string): boolean {
  return specifier === 'hybra' || specifier.startsWith('@hybra/');
}
