import { describe, expect, it } from 'vitest';
import { ConfigReader } from './config-reader.js';
import { nearestNames } from './nearest-names.js';
import { readNumber } from './read-number.js';
import { readTimeStepLimit } from './time-step-limit.js';

const bounds = { low: 1, high: 10 };

describe('ConfigReader', () => {
  it.each([[null], [[]], ['{}'], [3]])('refuses %j as a configuration', (json) => {
    expect(() => new ConfigReader('test', json)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  it.each([['4'], [4.5], [0], [11], [true], [[4]], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'refuses %s for an integer',
    (value) => {
      const reader = new ConfigReader('test', { size: value });
      expect(() => reader.integer('size', bounds)).toThrow(/test config: size is .*an integer from 1 to 10/);
    },
  );

  it('names a required key that is missing or null', () => {
    expect(() => new ConfigReader('test', {}).integer('size', bounds)).toThrow(/size is missing/);
    expect(() => new ConfigReader('test', { size: null }).integer('size', bounds)).toThrow(/size is missing/);
  });

  it('refuses spellings that contradict each other', () => {
    const reader = new ConfigReader('test', { n_groups: 2, mamba_n_groups: 4 });
    expect(() => reader.integer(['n_groups', 'mamba_n_groups'], bounds)).toThrow(
      /n_groups and mamba_n_groups mean the same and differ: 2 and 4/,
    );
  });

  it('names unknown keys and the known ones nearest to them', () => {
    const reader = new ConfigReader('test', { hiden_size: 4 }, []);
    reader.integer('hidden_size', bounds, 4);
    expect(() => reader.finish()).toThrow(/"hiden_size" \(nearest known: hidden_size\)/);
  });

  it('counts keys that objects inherit as absent, and as unknown when they are there', () => {
    expect(new ConfigReader('test', {}).integer('constructor', bounds, 3)).toBe(3);
    const poisoned = new ConfigReader('test', JSON.parse('{"__proto__": {"size": 4}}'));
    expect(poisoned.integer('size', bounds, 3)).toBe(3);
    expect(() => poisoned.finish()).toThrow(/__proto__/);
  });

  it('keeps a message short, whatever the value', () => {
    const reader = new ConfigReader('test', { ['k'.repeat(5000)]: 1, act: 'x'.repeat(5000) });
    expect(() => reader.choice('act', { silu: 1 }, 'silu')).toThrow(/^.{0,200}$/);
    expect(() => reader.finish()).toThrow(/^.{0,300}$/);
  });

  it('takes what is right', () => {
    const reader = new ConfigReader('test', {
      size: 4,
      is_on: true,
      act: 'silu',
      extra: null,
      epsilon: 1e-5,
    });
    expect(reader.integer('size', bounds)).toBe(4);
    expect(reader.boolean('is_on', false)).toBe(true);
    expect(reader.choice('act', { silu: 'a' }, 'silu')).toBe('a');
    expect(reader.optionalInteger('extra', bounds)).toBeUndefined();
    expect(reader.number('epsilon', { low: 0, high: 1 })).toBe(1e-5);
    expect(() => reader.finish()).not.toThrow();
  });
});

describe('readNumber', () => {
  it.each([
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
    [{ __float__: 'Infinity' }, Number.POSITIVE_INFINITY],
    [{ __float__: '-Infinity' }, Number.NEGATIVE_INFINITY],
    [0.1, 0.1],
    [Number.NaN, undefined],
    [{ __float__: 'NaN' }, undefined],
    [{ __float__: 'Infinity', more: 1 }, undefined],
    ['1', undefined],
    ['toString', undefined],
    [null, undefined],
    [[1], undefined],
  ])('reads %j as %s', (value, expected) => {
    expect(readNumber(value)).toBe(expected);
  });
});

describe('readTimeStepLimit', () => {
  const read = (limit: unknown) => readTimeStepLimit(new ConfigReader('test', { limit }), 'limit');

  it.each([
    [[0]],
    [[1, 0]],
    [[-1, 1]],
    [['a', 'b']],
    [3],
    [{ low: 0 }],
    [[{ __float__: 'Infinity' }, 'inf']],
  ])('refuses %j', (limit) => {
    expect(() => read(limit)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  it.each([[[0, { __float__: 'Infinity' }]], [[0, Number.POSITIVE_INFINITY]], [[0, 'Infinity']], [null]])(
    'reads %j as no limit',
    (limit) => {
      expect(read(limit)).toEqual([0, Number.POSITIVE_INFINITY]);
    },
  );

  it('reads two numbers', () => {
    expect(read([0.001, 0.1])).toEqual([0.001, 0.1]);
  });
});

describe('nearestNames', () => {
  it('gives nothing for what is near to nothing', () => {
    expect(nearestNames('rope', ['hidden_size', 'vocab_size'])).toEqual([]);
    expect(nearestNames('x'.repeat(1e6), ['x'])).toEqual([]);
  });
});
