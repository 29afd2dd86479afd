import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEBIAN_JARS = ['zookeeper.jar', 'slf4j-nop.jar'].map((jar) => join('/usr/share/java', jar));
const MAVEN_VERSION = '3.8.4';

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

/** A real standalone ZooKeeper server in a JVM of its own, on a free port of 127.0.0.1. */
export class ZooKeeperServer {
  readonly port: number;
  readonly #dir: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, dir: string) {
    this.port = port;
    this.#dir = dir;
  }

  static async start(): Promise<ZooKeeperServer> {
    const server = new ZooKeeperServer(await freePort(), mkdtempSync(join(tmpdir(), 'polywire-zk-')));
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it again on its port, with the data it had. Resolves when it answers. */
  async restart(): Promise<void> {
    const config = join(this.#dir, 'zoo.cfg');
    const lines = [
      `dataDir=${this.#dir}/data`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      'tickTime=500',
      'minSessionTimeout=1000',
      'maxClientCnxns=0',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Dzookeeper.forceSync=no'];
    const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
    const child = spawn('java', [...flags, '-cp', classpath(), main, config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8');
    });
    this.#process = child;
    endWithUs(child);
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`ZooKeeper ended with ${child.exitCode}: ${complaint}`);
    }
  }

  /** Ends it at once. Its data stays. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Throws its data away; only while it is not running. */
  wipe(): void {
    rmSync(join(this.#dir, 'data'), { recursive: true, force: true });
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

/** A test run that is killed leaves no server behind: a shell waits for the end of its input, which is the end of this process. */
function endWithUs(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'cat >/dev/null; kill -9 "$1"', 'sh', String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.once('exit', () => {
    guard.kill('SIGKILL');
    guard.stdin?.destroy();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** Whether the server says `imok` to `ruok`, or, where that word is not allowed, says anything at all. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    socket.on('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(!chunk.includes('not currently serving'));
    });
    socket.on('error', () => setTimeout(resolve, 20, false));
    socket.on('end', () => setTimeout(resolve, 20, false));
  });
}

function classpath(): string {
  const given = process.env['POLYWIRE_ZK_CLASSPATH'];
  if (given !== undefined) return given;
  return DEBIAN_JARS.every((jar) => existsSync(jar)) ? DEBIAN_JARS.join(':') : mavenClasspath();
}

/** Resolved once, by Maven's own client, and remembered in the repository's `.cache/`. */
function mavenClasspath(): string {
  const dir = fileURLToPath(new URL('../../../../.cache/zookeeper/', import.meta.url));
  const remembered = join(dir, `classpath-${MAVEN_VERSION}.txt`);
  if (!existsSync(remembered)) {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'pom.xml'), pom());
    const goal = ['-q', '-B', '-f', join(dir, 'pom.xml'), 'dependency:build-classpath', `-Dmdep.outputFile=${remembered}`];
    execFileSync('mvn', goal, { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  return readFileSync(remembered, 'utf8').trim();
}

// A server needs the last two, which ZooKeeper's own pom marks as provided.
const ARTIFACTS = [
  ['org.apache.zookeeper', 'zookeeper', MAVEN_VERSION],
  ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
  ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
] as const;

function pom(): string {
  const dependencies = ARTIFACTS.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>polywire.test</groupId>
  <artifactId>zookeeper</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}
