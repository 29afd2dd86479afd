import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';

// This file runs as test/dist/support/polywire.js.
const BINARY = fileURLToPath(new URL('../../../packages/cli/bin/polywire.js', import.meta.url));
const READY_TIMEOUT_MILLISECONDS = 180_000;
const CHANGE_TIMEOUT_MILLISECONDS = 60_000;
/** Pages change without a word; asking for them all the time would keep busy what is asked. */
const LOOK_AGAIN_MILLISECONDS = 5;
const READY = /^polywire ready: (.*)$/;

/** The proxy, started as a user starts it: the command with a bootstrap file, in a folder of its own. */
export class Polywire {
  /** Where the first listener of its bootstrap listens. */
  readonly port: number;
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #admin: string;
  readonly #folder: string;
  readonly #process: LineProcess;

  private constructor(folder: string, process: LineProcess, addresses: ReadonlyMap<string, string>) {
    const admin = addresses.get('admin');
    const listener = [...addresses].find(([name]) => name !== 'admin')?.[1];
    if (admin === undefined || listener === undefined) throw new Error(`no listener or no admin in ${[...addresses.keys()]}`);
    this.port = portIn(listener);
    this.#addresses = addresses;
    this.#admin = admin;
    this.#folder = folder;
    this.#process = process;
  }

  /** `files`: their text by name; the bootstrap is `polywire.yaml`, with `admin`. */
  static async start(owner: Owner, files: Readonly<Record<string, string>>): Promise<Polywire> {
    const folder = mkdtempSync(join(tmpdir(), 'polywire-run-'));
    owner.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) write(folder, name, text);
    const { process: started, readyLine } = await LineProcess.start(owner, {
      name: 'polywire',
      command: process.execPath,
      args: [BINARY, 'run', '-c', 'polywire.yaml'],
      cwd: folder,
      ready: (line) => READY.test(line),
      readyTimeout: READY_TIMEOUT_MILLISECONDS,
    });
    const proxy = new Polywire(folder, started, addressesIn(readyLine));
    await proxy.get('/ready');
    return proxy;
  }

  /** Where a listener listens, by its name. */
  portOf(listener: string): number {
    const address = this.#addresses.get(listener);
    if (address === undefined) throw new Error(`no listener ${listener} in ${[...this.#addresses.keys()]}`);
    return portIn(address);
  }

  /** Replaces a file at once, as an editor or a ConfigMap update does. */
  replace(name: string, text: string): void {
    write(this.#folder, name, text);
  }

  /** Asks the admin listener; fails unless it answers 200. */
  async get(path: string): Promise<string> {
    // A connection that is kept may be closed in the moment in which it is used again.
    const response = await fetch(new URL(path, this.#admin), { headers: { connection: 'close' } });
    const body = await response.text();
    if (!response.ok) throw this.#process.failure(`${path} answered ${response.status}: ${body}`);
    return body;
  }

  /** The sum of a metric over all its label sets that contain the given text. */
  async stat(name: string, label = ''): Promise<number> {
    const lines = (await this.get('/stats')).split('\n').filter((line) => line.startsWith(name) && line.includes(label));
    if (lines.length === 0) throw new Error(`no metric ${name} with ${label}`);
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Resolves when a page of the admin listener says what is asked for; what it said last is in the error otherwise. */
  async until(page: string, accept: (body: string) => boolean, timeout = CHANGE_TIMEOUT_MILLISECONDS): Promise<void> {
    const deadline = Date.now() + timeout;
    let body = await this.get(page);
    while (!accept(body)) {
      if (Date.now() > deadline) throw this.#process.failure(`${page} still says:\n${body}`);
      await wait(LOOK_AGAIN_MILLISECONDS);
      body = await this.get(page);
    }
  }

  /** Resolves when its log says so: a line may be read later than the page that shows what it is about. */
  async untilLogged(line: RegExp | string): Promise<void> {
    const deadline = Date.now() + CHANGE_TIMEOUT_MILLISECONDS;
    while (typeof line === 'string' ? !this.log.includes(line) : !line.test(this.log)) {
      if (Date.now() > deadline) throw this.#process.failure(`it did not log ${line}`);
      await wait(LOOK_AGAIN_MILLISECONDS);
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What `polywire explain` says of a request to the same configuration, which it reads anew. */
  async explain(...request: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [BINARY, 'explain', '-c', 'polywire.yaml', ...request], {
      cwd: this.#folder,
    });
    return stdout;
  }

  /** What it wrote on standard error. */
  get log(): string {
    return this.#process.errorOutput;
  }

  /** Ends as a crash would. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Ends as an operator would end it; resolves with how it ended. */
  stop(): Promise<string> {
    this.#process.signal('SIGTERM');
    return this.#process.exited;
  }
}

function write(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function portIn(address: string): number {
  return Number(new URL(`tcp://${address}`).port);
}

/** From `polywire ready: in 127.0.0.1:1234, admin http://127.0.0.1:5678`. */
function addressesIn(line: string): Map<string, string> {
  const listed = READY.exec(line)?.[1] ?? '';
  return new Map(
    listed.split(', ').map((part) => {
      const [name = '', address = ''] = part.split(' ');
      return [name, address];
    }),
  );
}
