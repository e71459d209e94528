export type { FuzzTarget } from './fuzz-target.js';
export { type Requirement, requirement, skipReason } from './requirement.js';
export { type SharedFixture, sharedFixture } from './shared-fixture.js';
export { describeWith, testWith } from './with.js';
