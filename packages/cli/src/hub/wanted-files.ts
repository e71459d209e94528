import { HybraError } from '@hybra/spec';
import { tokenizerFileNames } from '@hybra/tokenizer';
import { wrongAnswer } from './hub-errors.js';
import type { HubName } from './hub-name.js';

/** The files of a repository that commands read. */
export interface WantedFiles {
  readonly names: readonly string[];
  /** The GGUF file that is opened, instead of the folder. */
  readonly gguf?: string;
}

// In the order in which @hybra/weights looks for them.
const layouts = [
  { file: 'model.safetensors', index: 'model.safetensors.index.json' },
  { file: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json' },
] as const;

/**
 * Chooses among the files of a repository: configuration, tokenizer, and the weights in one of the formats it has
 * them in: safetensors, else PyTorch, else GGUF.
 * @param present names of the files at the top of the repository
 * @param readIndex content of an index of shards
 * @throws E_CONFIG without weights that can be read; E_ARGUMENT if it takes a choice; E_IO, E_FORMAT for a missing file
 */
export async function wantedFiles(
  { repository, file }: HubName,
  present: ReadonlySet<string>,
  readIndex: (name: string) => Promise<unknown>,
): Promise<WantedFiles> {
  const ggufs = [...present].filter((name) => /\.gguf$/i.test(name)).sort();
  if (file !== undefined) {
    if (present.has(file)) return { names: [file], gguf: file };
    throw new HybraError(
      'E_IO',
      `${repository} has no ${file}. Its GGUF files: ${ggufs.join(', ') || 'none'}.`,
      { repository, file },
    );
  }
  const companions = ['config.json', ...new Set(Object.values(tokenizerFileNames).flat())].filter((name) =>
    present.has(name),
  );
  for (const layout of layouts) {
    if (!present.has(layout.file) && !present.has(layout.index)) continue;
    if (!present.has('config.json')) {
      throw new HybraError(
        'E_CONFIG',
        `${repository} has weights but no config.json. Choose another model.`,
        {
          repository,
        },
      );
    }
    if (present.has(layout.file)) return { names: [...companions, layout.file] };
    const shards = shardsOf(await readIndex(layout.index), `${repository}/${layout.index}`);
    const missing = shards.filter((name) => !present.has(name));
    if (missing.length > 0) {
      throw new HybraError(
        'E_IO',
        `${repository}: ${layout.index} names files that are not there: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}. Download the model again, or choose another revision.`,
        { repository, missing },
      );
    }
    return { names: [...companions, layout.index, ...shards] };
  }
  const [gguf, another] = ggufs;
  if (gguf === undefined) {
    const expected = [...layouts.map((layout) => layout.file), 'a .gguf file'].join(', ');
    throw new HybraError(
      'E_CONFIG',
      `${repository} holds none of ${expected}. Choose a repository with the weights of a model.`,
      { repository },
    );
  }
  if (another !== undefined) {
    throw new HybraError(
      'E_ARGUMENT',
      `${repository} holds ${ggufs.length} GGUF files. Choose one, as in ${repository}/${gguf}: ${ggufs.join(', ')}.`,
      { repository, files: ggufs },
    );
  }
  return { names: [gguf], gguf };
}

function shardsOf(index: unknown, what: string): string[] {
  const weightMap = (index as { weight_map?: unknown } | null)?.weight_map;
  const shards =
    typeof weightMap === 'object' && weightMap !== null ? new Set(Object.values(weightMap)) : new Set();
  // A listing of the top folder never holds a path, so that one is refused as missing; this is about other JSON.
  const names = [...shards].filter((name): name is string => typeof name === 'string');
  if (names.length === 0 || names.length < shards.size) {
    throw wrongAnswer(what, 'there is no weight_map of tensors to files', 'one');
  }
  return names.sort();
}
