import { spawn } from 'node:child_process';

/** A step that ended badly; `exitCode` is what the whole command should exit with. */
export class StepFailure extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * Runs a command whose output goes to our standard error: standard output belongs to the program.
 * A signal that reaches us is passed on, the child is waited for, and then the step fails with 128 + number,
 * so that nothing is left running and no stamp is written.
 * @param {string} what for messages, such as `Installing`
 * @param {{ command: string, arguments: string[] }} call
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ exitCode: number, output: string }>} exit code and everything it printed
 */
export function runStep(what, call, options) {
  return new Promise((resolve, reject) => {
    // npx is a command file on Windows, and those start through a shell only.
    const shell = process.platform === 'win32' && !call.command.endsWith('.exe');
    const child = spawn(call.command, call.arguments, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell,
    });
    let output = '';
    /** @param {Buffer} chunk */
    const relay = (chunk) => {
      output += chunk;
      process.stderr.write(chunk);
    };
    child.stdout.on('data', relay);
    child.stderr.on('data', relay);

    /** @type {keyof typeof signalNumbers | undefined} */
    let received;
    const handlers = /** @type {(keyof typeof signalNumbers)[]} */ (Object.keys(signalNumbers)).map(
      (signal) => {
        const handler = () => {
          received ??= signal;
          child.kill(signal);
        };
        process.on(signal, handler);
        return { signal, handler };
      },
    );
    const release = () => {
      for (const { signal, handler } of handlers) process.off(signal, handler);
    };
    child.on('error', (error) => {
      release();
      reject(new StepFailure(`${what}: cannot start ${call.command} (${error.message}).`, 1));
    });
    child.on('close', (code, signal) => {
      release();
      const interruption = received ?? signal;
      if (interruption) {
        const number = signalNumbers[/** @type {keyof typeof signalNumbers} */ (interruption)] ?? 9;
        reject(new StepFailure(`${what}: interrupted. The next run takes up from here.`, 128 + number));
      } else resolve({ exitCode: code ?? 1, output });
    });
  });
}
