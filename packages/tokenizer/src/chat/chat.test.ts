import { describe, expect, test } from 'vitest';
import { tinyTokenizerJsons } from '../../test/tiny-models.js';
import { loadTokenizer } from '../load-tokenizer.js';
import type { Tokenizer } from '../tokenizer.js';
import { renderTemplate } from './render-template.js';

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi <b>' },
];

function withTemplate(chat_template: unknown, chatTemplate?: string): Tokenizer {
  const tokenizerConfig = { bos_token: '<s>', eos_token: { content: '</s>' }, chat_template };
  return loadTokenizer({ tokenizerJson: tinyTokenizerJsons[0], tokenizerConfig, chatTemplate });
}

describe('a template that fails gives a typed error', () => {
  test.each([
    ['there is none', undefined, 'E_CONFIG', /no chat template/],
    [
      'it refuses the messages',
      "{{ raise_exception('roles must alternate') }}",
      'E_CONFIG',
      /roles must alternate/,
    ],
    ['it does not parse', '{% for x in %}', 'E_FORMAT', /Chat template/],
    ['it fails', '{{ messages() }}', 'E_FORMAT', /Chat template/],
    ['it counts far', '{{ range(1000000000) }}', 'E_FORMAT', /more than 10000 /],
    ['it counts for ever', '{{ range(0, 10, 0) }}', 'E_FORMAT', /more than 10000 /],
  ])('%s', (_name, template, code, message) => {
    const attempt = (): unknown => withTemplate(template).applyChatTemplate(messages);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });
});

test('a template that does not end is stopped', () => {
  const level = (name: string, body: string): string => `{% for ${name} in range(9000) %}${body}{% endfor %}`;
  const template = level('a', level('b', level('c', '{{ c }}')));
  const start = performance.now();
  expect(() => renderTemplate(template, {}, 200)).toThrow(/still running after 200 milliseconds/);
  // 50 times the limit: generous, because the machine may be busy; the template itself would take days.
  expect(performance.now() - start).toBeLessThan(10_000);
});

const chatMl =
  '{{ bos_token }}{% for message in messages %}\n' +
  "    {%- if message['role'] == 'assistant' %}{{ message['content'] + eos_token }}{% else %}" +
  "<|{{ message.role }}|>{{ message['content'] | trim }}\n{% endif %}\n" +
  '{%- endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}';

describe('chat templates', () => {
  test('render messages', () => {
    const tokenizer = withTemplate(chatMl);
    expect(tokenizer.hasChatTemplate).toBe(true);
    expect(tokenizer.applyChatTemplate(messages)).toBe('<s><|system|>Be brief.\n<|user|>Hi <b>\n');
    const answered = [...messages, { role: 'assistant', content: 'Hello' }];
    expect(tokenizer.applyChatTemplate(answered, { addGenerationPrompt: true })).toBe(
      '<s><|system|>Be brief.\n<|user|>Hi <b>\nHello</s><|assistant|>',
    );
  });

  test('may be several, chosen by name or by tools', () => {
    const tokenizer = withTemplate([
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: '{{ tools | length }} tools' },
    ]);
    expect(tokenizer.applyChatTemplate(messages)).toBe('plain');
    expect(tokenizer.applyChatTemplate(messages, { tools: [{}, {}] })).toBe('2 tools');
    expect(tokenizer.applyChatTemplate(messages, { tools: [{}], template: 'default' })).toBe('plain');
    expect(() => tokenizer.applyChatTemplate(messages, { template: 'rag' })).toThrow(/default, tool_use/);
  });

  test('a file of its own wins, and sees further variables and the date', () => {
    const tokenizer = withTemplate('old', "{{ mood }} {{ strftime_now('%Y') | length }}");
    expect(tokenizer.applyChatTemplate(messages, { variables: { mood: 'calm' } })).toBe('calm 4');
  });
});
