import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

const validationText = fileURLToPath(
  new URL('../../model-shakespeare/evaluation/validation.txt', import.meta.url),
);

/** What PyTorch continues the prompt with when it always takes the most probable token. */
const prompt = 'ROMEO:\n';
const golden = JSON.parse(
  readFileSync(new URL('../../model-shakespeare/model/golden.json', import.meta.url), 'utf8'),
) as { greedy: string };
const continuation = golden.greedy.slice(prompt.length);

describe('generate', () => {
  it('is what runs without a command: text alone on standard output, figures in one line beside it', async () => {
    const { exitCode, out, notes } = await run([
      '--max-tokens',
      '12',
      '--temperature',
      '0',
      '--prompt',
      prompt,
    ]);
    expect(continuation.startsWith(out.trimEnd())).toBe(true);
    expect(out.trimEnd().length).toBeGreaterThan(12);
    expect(notes.trim().split('\n')).toHaveLength(2);
    expect(notes).toMatch(
      /prefill 3 tokens, .* tok\/s \| decode 11 tokens, .* tok\/s \| memory .* \| state .* constant \+ .* KV cache/,
    );
    expect(exitCode).toBe(0);
  });

  it('--echo writes the prompt first, --stop ends before the string, --json gives one object', async () => {
    const greedy = ['--prompt', prompt, '--temperature', '0'];
    const [first, second] = [5, 14].map((at) => continuation.slice(at, at + 4)) as [string, string];
    const before = (stop: string): string => continuation.slice(0, continuation.indexOf(stop));
    expect((await run(['generate', ...greedy, '--echo', '--stop', second])).out).toBe(
      `${prompt}${before(second)}\n`,
    );
    const { out } = await run(['generate', ...greedy, '--stop', 'zzz', '--stop', first, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      text: before(first),
      finishReason: 'stop',
      figures: { prefillTokens: 3 },
    });
  });

  it('the same seed writes the same text, another one another', async () => {
    const sample = async (seed: string) =>
      (
        await run([
          'generate',
          '--max-tokens',
          '20',
          '--top-k',
          '40',
          '--top-p',
          '0.95',
          '--min-p',
          '0.01',
          '--repetition-penalty',
          '1.1',
          '--seed',
          seed,
        ])
      ).out;
    expect(await sample('7')).toBe(await sample('7'));
    expect(await sample('8')).not.toBe(await sample('7'));
  });

  it.each([
    [['generate', '--temperature', 'hot'], 'expected a number'],
    [['generate', '--temperature', '-1'], 'temperature is -1'],
    [['generate', '--max-tokens', '0'], 'expected an integer from 1'],
    [['generate', '--seed', '1.5'], 'expected an integer from 0'],
    [['generate', '--device', 'abacus'], 'no backend is named abacus'],
    [['generate', '--model', '/nowhere'], 'E_IO'],
    [['generate', '--frobnicate'], 'unknown option'],
    [['generate', '--prompt', ''], 'the prompt is empty'],
    [['generate', '--context-length', '3', '--prompt', 'a longer prompt than that'], 'E_CONTEXT_LENGTH'],
  ])('%j ends with code 2 and says why', async (args, message) => {
    const { exitCode, out, notes } = await run(args);
    expect(notes).toContain(message);
    expect(out).toBe('');
    expect(exitCode).toBe(2);
  });

  it('an abort ends it with code 130 and keeps what was written', async () => {
    const controller = new AbortController();
    const { exitCode, out, notes } = await run(['generate', '--max-tokens', '4000'], controller.signal, () =>
      controller.abort(),
    );
    expect(notes).toContain('decode');
    expect(out.length).toBeGreaterThan(0);
    expect(exitCode).toBe(130);
  });
});

describe('perplexity', () => {
  it('of the first 16 windows of the held-out text is the committed value', async () => {
    const { exitCode, out } = await run(['perplexity', validationText, '--max-windows', '16', '--json']);
    const { loss, tokens } = JSON.parse(out);
    expect(tokens).toBe(4096);
    // Measured once on the reference backend; the whole text's 3.4154 is PyTorch's (golden.json).
    expect(loss).toBeCloseTo(2.9548, 3);
    expect(exitCode).toBe(0);
  }, 300_000);

  it('of a file that is missing, or too short, is refused', async () => {
    expect(await run(['perplexity', '/nowhere.txt'])).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining('E_IO'),
    });
    expect(await run(['perplexity', validationText, '--from', '0.999'])).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining('at least 257'),
    });
  });
});

it('inspect describes a checkpoint without its weights', async () => {
  const { out } = await run(['inspect']);
  expect(out).toContain('M-M-M-*-M-M-');
  expect(out).toContain('5 × Mamba-2: 16 heads of 32, state 64, 1 groups');
  const { out: json } = await run(['inspect', '--json', '--tensors']);
  expect(JSON.parse(json)).toMatchObject({
    family: 'nemotron_h',
    pattern: 'M-M-M-*-M-M-',
    state: { constantBytes: 693760, bytesPerToken: 512 },
  });
});

it('devices lists the reference', async () => {
  expect((await run(['devices'])).out).toContain('cpu');
  expect(JSON.parse((await run(['devices', '--json'])).out)).toHaveProperty('cpu.available', true);
});

it('help shows the commands and the version is a version', async () => {
  const help = await run(['help']);
  expect(help.exitCode).toBe(0);
  for (const command of ['generate', 'chat', 'verify', 'perplexity', 'inspect', 'devices'])
    expect(help.out).toContain(command);
  expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+/);
});
