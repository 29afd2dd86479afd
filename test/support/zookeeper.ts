import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startJava } from './java.ts';
import type { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';
import { freePort } from './ports.ts';

/** In milliseconds. Clients like Dubbo ask for 60 s; tests should see sooner that a killed provider is gone. */
const LONGEST_SESSION = 4000;
/** Where no session shall end by itself, however slow the machine is. */
export const LONG_SESSION = 30_000;

/** A real ZooKeeper server on a loopback port of its own. */
export class ZooKeeper {
  readonly port: number;
  readonly #owner: Owner;
  readonly #server: Server;
  #process: LineProcess;

  private constructor(owner: Owner, server: Server, port: number, process: LineProcess) {
    this.port = port;
    this.#owner = owner;
    this.#server = server;
    this.#process = process;
  }

  /** @param longestSession in milliseconds; `LONG_SESSION` where nobody is killed whose session is waited for */
  static async start(owner: Owner, longestSession = LONGEST_SESSION): Promise<ZooKeeper> {
    const directory = mkdtempSync(join(tmpdir(), 'polywire-zookeeper-'));
    owner.after(() => rmSync(directory, { recursive: true, force: true }));
    const server = { directory, longestSession };
    // None of those that the system gives out: it comes back to it when it is restarted.
    const port = await freePort();
    return new ZooKeeper(owner, server, port, await startServer(owner, server, port));
  }

  /** `127.0.0.1:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As Dubbo's registries are written. */
  get url(): string {
    return `zookeeper://${this.address}`;
  }

  /** The same for a provider of Dubbo whose session ends soon, whatever the server grants: 2.7 and 3 name it differently. */
  get shortUrl(): string {
    return `${this.url}?zk.session.expire=${LONGEST_SESSION}&session=${LONGEST_SESSION}`;
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
    this.#process = await startServer(this.#owner, this.#server, this.port);
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

interface Server {
  readonly directory: string;
  readonly longestSession: number;
}

function startServer(owner: Owner, { directory, longestSession }: Server, port: number): Promise<LineProcess> {
  return startJava(owner, {
    name: 'ZooKeeper',
    module: 'zookeeper',
    mainClass: 'ZooKeeper',
    args: [directory, String(port), String(longestSession)],
    // Durable writes are not what the tests are about, and cost most of its time.
    flags: ['-Dzookeeper.forceSync=no', '-Dzookeeper.admin.enableServer=false'],
  });
}
