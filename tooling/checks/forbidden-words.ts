import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TextFile } from '../workspace/members.js';
import { runCommand } from '../workspace/run-command.js';
import type { Check } from './check.js';

/**
 * Text that works on one machine only. The patterns are written so that they do not match themselves.
 */
export const forbidden: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.\w+/, what: 'a registry host' },
  { pattern: /https?:\/\/[^\s/"']*(?:artifactory|nexus|verdaccio)[^\s"']*/i, what: 'a registry host' },
  { pattern: /(?<![\w.$}/-])\/(?:home|Users|root|work)\/[\w.-]+/, what: 'a path of one machine' },
  { pattern: /(?<![\w/])[A-Z]:\\{1,2}Users\\/, what: 'a path of one machine' },
];

const binary = /\.(?:safetensors|model|png|ico|woff2?|tgz|bin|npy)$/;

/** Lines of `files` that hold forbidden text. */
export function forbiddenProblems(files: readonly TextFile[]): string[] {
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const found = forbidden.find(({ pattern }) => pattern.test(line));
      return found ? [`${file.path}:${index + 1}: ${found.what}`] : [];
    }),
  );
}

/** Nothing in the repository names a registry host or a path of somebody's machine. */
export const forbiddenWords: Check = {
  name: 'forbidden-words',
  demands: 'no registry host and no path of one machine in any file',
  run: async ({ root }) => {
    const { output } = await runCommand('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], {
      cwd: root,
    });
    const files = output
      .split('\n')
      .filter((path) => path && !binary.test(path))
      .flatMap((path) => {
        try {
          return [{ path, text: readFileSync(join(root, path), 'utf8') }];
        } catch {
          return []; // Deleted, but still in the index.
        }
      });
    return { problems: forbiddenProblems(files) };
  },
};
