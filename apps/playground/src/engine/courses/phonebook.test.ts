import { phonebook } from '@hybra/train';
import { describe, expect, test } from 'vitest';
import { phonebookCourse } from './phonebook-course.js';
import { phonebookNames, phonebookTokenizer } from './phonebook-tokenizer.js';
import { textCourse } from './text-course.js';

const tokenizer = phonebookTokenizer();

describe('the tokenizer of phone books', () => {
  test('refuses a name that no book has, and says which there are', () => {
    expect(() => tokenizer.encode('Zoe Gray: 12')).toThrow(
      expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringMatching(/"Zoe".*Ada.*Gray/) }),
    );
  });

  test('reads what it writes: the rows of the task, and what a person types', () => {
    const names = phonebookNames[0]!.length;
    const sizes = { names, digits: 2, entries: 3, measured: [3], questions: 2, rows: 2, evaluationRows: 2 };
    const task = phonebook({ ...sizes, isReversed: false, seed: 4 });
    expect(task.vocabularySize).toBe(tokenizer.vocabularySize);
    const { ids, time } = task.batchAt(0);
    const row = Array.from(ids.subarray(0, time));
    while (row.at(-1) === 0) row.pop();
    expect(tokenizer.encode(tokenizer.decode(row))).toEqual(row);
    expect(tokenizer.encode('Ada Gray:42\n?Ada Gray:')).toEqual(
      tokenizer.encode('Ada  Gray : 42\n? Ada Gray: '),
    );
    expect(tokenizer.decode(tokenizer.encode('Ada Gray: 42\n'))).toBe('Ada Gray: 42\n');
  });
});

test('a phone book to begin with asks for a name that it has once, and hints at the number beside it', () => {
  const { opening } = phonebookCourse(1);
  const [, name] = /\? (\w+ \w+): $/.exec(opening.text)!;
  const [, answer] = /says (\d\d)\./.exec(opening.hint!)!;
  expect(opening.text).toContain(`${name}: ${answer}\n`);
  expect(opening.text.split(answer!)).toHaveLength(2);
  expect(opening.maxTokens).toBe(2);
});

test('a text to begin with is its first words', () => {
  const text = "Shall I compare thee to a summer's day? ".repeat(3);
  expect(textCourse(text, 1).opening.text).toBe('Shall I compare thee');
  expect(textCourse('x'.repeat(100), 1).opening.text).toBe('x'.repeat(20));
});
