import { packageBuild } from '@hybra/build';

export default packageBuild({ entry: ['src/index.ts', 'src/main.ts'], platform: 'node' });
