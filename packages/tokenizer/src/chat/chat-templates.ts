import { TokenizerError } from '../error.js';
import { arrayAt, objectAt, stringAt } from '../json-value.js';

const longestTemplate = 1_048_576;

/**
 * Named chat templates of a model; a single one is called `default`.
 * @param file content of `chat_template.jinja`; wins over the configuration
 * @param configured `chat_template` of tokenizer_config.json: a string, or a list of `{ name, template }`
 * @throws E_FORMAT
 */
export function readChatTemplates(
  file: string | undefined,
  configured: unknown,
): ReadonlyMap<string, string> {
  const templates = new Map<string, string>();
  const path = 'tokenizer_config.json: chat_template';
  if (typeof configured === 'string') templates.set('default', stringAt(path, configured, longestTemplate));
  else if (configured !== undefined && configured !== null) {
    for (const [index, item] of arrayAt(path, configured, 1000).entries()) {
      const { name, template } = objectAt(`${path}[${index}]`, item);
      templates.set(
        stringAt(`${path}[${index}].name`, name),
        stringAt(`${path}[${index}].template`, template, longestTemplate),
      );
    }
  }
  if (file !== undefined) templates.set('default', stringAt('chat_template.jinja', file, longestTemplate));
  return templates;
}

/**
 * The template to render.
 * @throws E_CONFIG if there is none of that name, naming those that exist
 */
export function chooseChatTemplate(
  templates: ReadonlyMap<string, string>,
  name: string | undefined,
  hasTools: boolean,
): string {
  const chosen = name ?? (hasTools && templates.has('tool_use') ? 'tool_use' : 'default');
  const template = templates.get(chosen);
  if (template !== undefined) return template;
  const names = [...templates.keys()];
  const choices = names.length > 0 ? `There are: ${names.join(', ')}.` : 'The model has no chat template.';
  throw new TokenizerError('E_CONFIG', `Chat template: none is called ${chosen}. ${choices}`, {
    chosen,
    names,
  });
}
