import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Owner } from './owner.ts';

/** How much of a process's error output a failure shows. */
const KEPT_ERROR_LINES = 200;
const CONNECT_AGAIN_MILLISECONDS = 10;

export interface LineProcessOptions {
  /** What failures call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The process is ready when it prints a line that this accepts, or when it takes connections on this loopback port. */
  readonly ready: ((line: string) => boolean) | number;
  /** Milliseconds until a process that has not said so is taken for broken. */
  readonly readyTimeout: number;
}

const running = new Set<LineProcess>();
let guarded = false;

/** A process that talks in lines. It ends with its owner, and with this process however that ends. */
export class LineProcess {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #errors: string[] = [];
  readonly #exited: Promise<string>;
  #exit: string | undefined;
  #listener: (line: string) => void = () => {};

  private constructor(options: LineProcessOptions) {
    guard();
    this.name = options.name;
    this.#child = spawn(options.command, [...options.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    running.add(this);
    // A line written to a process that just died is not worth a crash: its exit is reported where it is awaited.
    this.#child.stdin.on('error', () => {});
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#listener(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#keep(line));
    this.#exited = new Promise((resolve) => {
      const ended = (why: string) => {
        running.delete(this);
        this.#exit ??= why;
        resolve(this.#exit);
      };
      this.#child.once('error', (error) => ended(`could not start (${error.message})`));
      this.#child.once('close', (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Starts a process and waits for its ready line, which it answers with the process. */
  static async start(owner: Owner, options: LineProcessOptions): Promise<{ process: LineProcess; readyLine: string }> {
    const started = new LineProcess(options);
    owner.after(() => started.kill());
    return { process: started, readyLine: await started.#becomesReady(options) };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with how it ended. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** The last lines of its error output. */
  get errorOutput(): string {
    return this.#errors.join('\n');
  }

  /** Calls back for every line it prints from now on. */
  onLine(listener: (line: string) => void): void {
    this.#listener = listener;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.#exit !== undefined) return;
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** An error that shows what the process said. */
  failure(what: string): Error {
    return new Error(`${this.name}: ${what}; its error output ends:\n${this.errorOutput}`);
  }

  async #becomesReady(options: LineProcessOptions): Promise<string> {
    const timeout = AbortSignal.timeout(options.readyTimeout);
    const accept = options.ready;
    const ready =
      typeof accept === 'number'
        ? takesConnections(accept, () => this.#exit !== undefined || timeout.aborted)
        : new Promise<string>((resolve) => {
            this.onLine((line) => {
              if (accept(line)) resolve(line);
              else this.#keep(line);
            });
          });
    const late = once(timeout, 'abort').then(() => 'late' as const);
    const outcome = await Promise.race([ready.then((line) => ({ line })), late, this.#exited.then(() => 'ended' as const)]);
    if (typeof outcome === 'object') return outcome.line;
    const exit = this.#exit;
    await this.kill();
    throw this.failure(outcome === 'late' ? `not ready after ${options.readyTimeout} ms` : `ended before it was ready (${exit})`);
  }

  #keep(line: string): void {
    this.#errors.push(line);
    if (this.#errors.length > KEPT_ERROR_LINES) this.#errors.shift();
  }
}

/** Resolves with an empty line when a program that says nothing of it listens; never when it is given up before. */
async function takesConnections(port: number, givenUp: () => boolean): Promise<string> {
  while (!givenUp()) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return '';
    } catch {
      await wait(CONNECT_AGAIN_MILLISECONDS);
    } finally {
      socket.destroy();
    }
  }
  return new Promise(() => {});
}

/** `after` hooks do not run when this process crashes or is told to end: these do. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  const killAll = () => {
    for (const each of running) each.signal('SIGKILL');
  };
  process.once('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killAll();
      process.kill(process.pid, signal);
    });
  }
}
