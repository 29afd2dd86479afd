import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startJava } from './java.ts';
import type { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';

/** A real ZooKeeper server on a loopback port of its own. */
export class ZooKeeper {
  readonly port: number;
  readonly #owner: Owner;
  readonly #directory: string;
  #process: LineProcess;

  private constructor(owner: Owner, directory: string, port: number, process: LineProcess) {
    this.port = port;
    this.#owner = owner;
    this.#directory = directory;
    this.#process = process;
  }

  static async start(owner: Owner): Promise<ZooKeeper> {
    const directory = mkdtempSync(join(tmpdir(), 'polywire-zookeeper-'));
    owner.after(() => rmSync(directory, { recursive: true, force: true }));
    const { process, port } = await startServer(owner, directory, 0);
    return new ZooKeeper(owner, directory, port, process);
  }

  /** `127.0.0.1:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As Dubbo's registries are written. */
  get url(): string {
    return `zookeeper://${this.address}`;
  }

  /** Every path, as the server itself lists it. */
  tree(): Promise<string[]> {
    return this.#ask('tree');
  }

  /** Ends the session of every client: their ephemeral nodes go. */
  async expireSessions(): Promise<void> {
    await this.#ask('expire');
  }

  /** Ends one client's session. */
  async expireSession(id: string): Promise<void> {
    await this.#ask(`expire ${id}`);
  }

  /** Freezes (`SIGSTOP`) or wakes it (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.signal(signal);
  }

  /** Ends as a crash would; the data stays. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Starts again on the same port with the same data. */
  async restart(): Promise<void> {
    await this.kill();
    this.#process = (await startServer(this.#owner, this.#directory, this.port)).process;
  }

  #ask(command: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const lines: string[] = [];
      this.#process.onLine((line) => {
        if (line === '.') resolve(lines);
        else lines.push(line);
      });
      void this.#process.exited.then((why) => reject(this.#process.failure(`ended (${why}) before it answered`)));
      this.#process.write(command);
    });
  }
}

async function startServer(owner: Owner, directory: string, port: number): Promise<{ process: LineProcess; port: number }> {
  const { process, ready } = await startJava(owner, {
    name: 'ZooKeeper',
    module: 'zookeeper',
    mainClass: 'ZooKeeper',
    args: [directory, String(port)],
    // Durable writes are not what the tests are about, and cost most of its time.
    flags: ['-Dzookeeper.forceSync=no', '-Dzookeeper.admin.enableServer=false'],
  });
  return { process, port: (ready as { port: number }).port };
}
