import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Owner } from './owner.ts';

// This file runs as test/dist/support/registry-command.js.
const BINARY = fileURLToPath(new URL('../../../packages/cli/bin/polywire.js', import.meta.url));
const TIMEOUT_MILLISECONDS = 60_000;
/** Files change without a word of the command. */
const LOOK_AGAIN_MILLISECONDS = 20;

/** What became of a command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `polywire registry ...` as a user starts it, in a folder of its own. */
export class RegistryCommands {
  readonly folder: string;
  readonly #owner: Owner;

  constructor(owner: Owner) {
    this.#owner = owner;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'polywire-registry-')));
    owner.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Runs one to its end. */
  async run(args: readonly string[], input = ''): Promise<Ended> {
    const started = this.start(args);
    started.end(input);
    return started.ended;
  }

  start(args: readonly string[]): RunningCommand {
    const child = spawn(process.execPath, [BINARY, 'registry', ...args], { cwd: this.folder, stdio: ['pipe', 'pipe', 'pipe'] });
    const running = new RunningCommand(child);
    this.#owner.after(() => running.kill());
    return running;
  }
}

/** One that is under way. */
export class RunningCommand {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (text) => {
      this.stdout += text;
    });
    child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.ended = once(child, 'close').then(([code]) => ({ code, stdout: this.stdout, stderr: this.stderr }));
  }

  end(input: string): void {
    this.#child.stdin?.end(input);
  }

  /** Resolves when its output, or what it does, is as asked for. */
  async until(accept: (command: RunningCommand) => boolean): Promise<void> {
    if (accept(this)) return;
    let timer: NodeJS.Timeout | undefined;
    let look: NodeJS.Timeout | undefined;
    const said = new Promise<void>((resolve, reject) => {
      look = setInterval(() => accept(this) && resolve(), LOOK_AGAIN_MILLISECONDS);
      timer = setTimeout(() => reject(new Error(`it still says:\n${this.stdout}\n${this.stderr}`)), TIMEOUT_MILLISECONDS);
      // Its last words may be what is waited for.
      void this.ended.then(({ code }) => (accept(this) ? resolve() : reject(new Error(`it ended with ${code}: ${this.stderr}`))));
    });
    await said.finally(() => {
      clearInterval(look);
      clearTimeout(timer);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Closes our end of its output, as `head` does. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }
}
