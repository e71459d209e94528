/** A model on the hub, as written on the command line. */
export interface HubName {
  /** `owner/name`. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** One GGUF file of a repository that holds several. */
  readonly file?: string;
}

const pattern =
  /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:\/([A-Za-z0-9][\w.-]*\.gguf))?(?:@(\w[\w./-]*))?$/;

/**
 * Reads `owner/name`, `owner/name@revision` and `owner/name/file.gguf`; undefined for whatever else, such as a path
 * that begins with `/`, `.` or a drive.
 */
export function parseHubName(text: string): HubName | undefined {
  const [, repository, file, revision = 'main'] = pattern.exec(text) ?? [];
  // Names become folders of the cache: `--` separates their parts there, `..` would leave it.
  if (repository === undefined || /--|\.\./.test(repository) || /\.\.|\/\/|\/$/.test(revision))
    return undefined;
  return { repository, revision, ...(file !== undefined && { file }) };
}
