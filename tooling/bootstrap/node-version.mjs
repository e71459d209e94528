/**
 * The oldest Node that hybra runs on: from here on `process.getBuiltinModule` is there.
 * @type {readonly [major: number, minor: number]}
 */
export const oldestNode = [20, 19];

/**
 * @param {string} version such as `20.19.0`
 * @returns {string | undefined} what to tell the user, or `undefined` if the version is recent enough
 */
export function nodeVersionProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `hybra needs Node ${oldestMajor}.${oldestMinor} or later, and this is Node ${version}. Install a current release of Node and run the command again.`;
}
