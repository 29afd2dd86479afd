import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { CURRENT, classpath, type Release } from './zookeeper-releases.ts';

/** Why the tests cannot run here; false when they can. In CI the answer is always false, so that a missing java is a failure. */
export function skipReason(): string | false {
  if (process.env['CI'] !== undefined) return false;
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs a real ZooKeeper server, and no java is installed';
  }
}

/** What else than a standalone server of the current release in plain text. */
export interface ServerOptions {
  readonly release?: Release;
  /** Lines for its zoo.cfg. */
  readonly config?: readonly string[];
  /** Its number in an ensemble. */
  readonly id?: number;
  /** Flags of its JVM. */
  readonly flags?: readonly string[];
}

const JVM_FLAGS = [
  // how often empty containers are looked for
  '-Dznode.container.checkIntervalMs=200',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dzookeeper.forceSync=no',
];

/** A real ZooKeeper server in a JVM of its own, on a free port of 127.0.0.1, which stays its own while it is not running. */
export class ZooKeeperServer {
  readonly port: number;
  readonly #dir: string;
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;

  private constructor(port: number, dir: string, options: ServerOptions) {
    this.port = port;
    this.#dir = dir;
    this.#options = options;
  }

  static async start(options: ServerOptions = {}): Promise<ZooKeeperServer> {
    const server = new ZooKeeperServer(await freePort(), mkdtempSync(join(tmpdir(), 'polywire-zk-')), options);
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it again on its port, with the data it had. Resolves when it answers. */
  async restart(): Promise<void> {
    const { config = [], flags = [], id, release = CURRENT } = this.#options;
    const lines = [
      `dataDir=${this.#dir}/data`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      'tickTime=200',
      'minSessionTimeout=500',
      'maxSessionTimeout=60000',
      'maxClientCnxns=0',
      ...config,
    ];
    mkdirSync(`${this.#dir}/data`, { recursive: true });
    if (id !== undefined) writeFileSync(`${this.#dir}/data/myid`, String(id));
    writeFileSync(`${this.#dir}/zoo.cfg`, `${lines.join('\n')}\n`);
    // Alone or one of several, as the file says.
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const command = [...JVM_FLAGS, ...flags, '-cp', classpath(release), main, `${this.#dir}/zoo.cfg`];
    const child = spawn('java', command, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8');
    });
    this.#process = child;
    endWithUs(child);
    while (!(await answers(this.port))) {
      if (hasEnded(child)) throw new Error(`ZooKeeper ended with ${child.exitCode ?? child.signalCode}: ${complaint}`);
    }
  }

  /** `standalone`, `leader` or `follower`, as the server itself says. */
  async mode(): Promise<string | undefined> {
    return /^Mode: (\w+)/m.exec(await fourLetters(this.port))?.[1];
  }

  /** Ends it at once. Its data stays. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || hasEnded(child)) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /**
   * Throws its data away; only while it is not running.
   * @param epoch from which it counts on: its transactions are newer than those of a tree that had fewer leaders
   */
  wipe(epoch?: number): void {
    rmSync(join(this.#dir, 'data'), { recursive: true, force: true });
    if (epoch === undefined) return;
    const versioned = join(this.#dir, 'data', 'version-2');
    mkdirSync(versioned, { recursive: true });
    for (const name of ['acceptedEpoch', 'currentEpoch']) writeFileSync(join(versioned, name), String(epoch));
  }

  /** Stops it from running without closing anything, as a machine that hangs. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it and removes its files. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** A test run that is killed leaves no server behind: a shell waits for the end of its input, which is the end of this process. */
function endWithUs(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'cat >/dev/null; kill -9 "$1"', 'sh', String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.once('exit', () => {
    guard.kill('SIGKILL');
    guard.stdin?.destroy();
  });
}

/** Whether it serves clients. */
async function answers(port: number): Promise<boolean> {
  const said = await fourLetters(port);
  if (said !== '' && !said.includes('not currently serving')) return true;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return false;
}

/** What the server says to `srvr`, the one word that every release answers without being told to; empty when it does not. */
function fourLetters(port: number): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => {
      // A port that nobody listens on may be the one that the connection itself was given: then it is its own peer.
      if (socket.localPort === port) socket.destroy();
      else socket.write('srvr');
    });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    socket.on('error', () => resolve(''));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(said));
  });
}
