import { packageBuild } from '@hybra/build';

export default packageBuild({ platform: 'node' });
