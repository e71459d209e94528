import { TokenizerError } from '../error.js';
import { arrayAt, formatError, type JsonObject, objectAt, stringAt } from '../json-value.js';
import { GrowthLimit } from './growth.js';

function adaptTemplate(path: string, value: unknown): { pieces: JsonObject[]; copies: number } {
  let copies = 0;
  const pieces = arrayAt(path, value, 1000).map((item, index) => {
    const here = `${path}[${index}]`;
    const { SpecialToken, Sequence } = objectAt(here, item);
    if (SpecialToken !== undefined) {
      return { SpecialToken: { id: stringAt(`${here}.id`, objectAt(here, SpecialToken).id), type_id: 0 } };
    }
    if (objectAt(here, Sequence).id !== 'A') throw formatError(`${here}.id`, 'A', Sequence);
    copies += 1;
    return { Sequence: { id: 'A', type_id: 0 } };
  });
  return { pieces, copies };
}

function tokenAt(path: string, value: unknown): readonly [string] {
  return [stringAt(path, arrayAt(path, value, 2)[0])];
}

function adapt(path: string, value: unknown, depth: number, limit: GrowthLimit): JsonObject {
  const config = objectAt(path, value);
  const type = stringAt(`${path}.type`, config.type);
  if (type === 'Sequence') {
    limit.count(1, depth);
    const steps = arrayAt(`${path}.processors`, config.processors, 200);
    return {
      type,
      processors: steps.map((step, index) => adapt(`${path}.processors[${index}]`, step, depth + 1, limit)),
    };
  }
  if (type === 'ByteLevel') {
    limit.count(1, depth);
    return { type };
  }
  if (type === 'TemplateProcessing') {
    const { pieces, copies } = adaptTemplate(`${path}.single`, config.single);
    limit.count(copies, depth);
    return { type, single: pieces, pair: [] };
  }
  if (type === 'BertProcessing' || type === 'RobertaProcessing') {
    limit.count(1, depth);
    return { type, cls: tokenAt(`${path}.cls`, config.cls), sep: tokenAt(`${path}.sep`, config.sep) };
  }
  throw new TokenizerError('E_CONFIG', `${path}: the post-processor ${type} is not supported.`, {
    path,
    type,
  });
}

/**
 * The post-processor of tokenizer.json, checked; only its part for single texts.
 * @returns null for none
 * @throws E_FORMAT, E_CONFIG
 */
export function adaptPostProcessor(value: unknown): JsonObject | null {
  if (value === undefined || value === null) return null;
  const path = 'tokenizer.json: post_processor';
  return adapt(path, value, 0, new GrowthLimit(path));
}
