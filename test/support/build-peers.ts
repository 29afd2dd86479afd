import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A Maven module of `test/peers`. */
export type PeerModule = 'dubbo27' | 'dubbo3' | 'zookeeper';

const MODULES: readonly PeerModule[] = ['dubbo27', 'dubbo3', 'zookeeper'];
// This file runs as test/dist/support/build-peers.js.
const PEERS = fileURLToPath(new URL('../../peers/', import.meta.url));
const OUTPUT = join(PEERS, 'target');
const STAMP = join(OUTPUT, 'built');
const LOCK = join(OUTPUT, 'lock');
const LOCK_POLL_MILLISECONDS = 200;
const BUILD_TIMEOUT_MILLISECONDS = 600_000;

let classPaths: Promise<ReadonlyMap<PeerModule, string>> | undefined;

/** The class path of a module. Builds all of them with Maven when their sources changed since the last build. */
export async function peerClassPath(module: PeerModule): Promise<string> {
  classPaths ??= buildOnce();
  const found = (await classPaths).get(module);
  if (found === undefined) throw new Error(`no class path for ${module}`);
  return found;
}

async function buildOnce(): Promise<ReadonlyMap<PeerModule, string>> {
  const sources = hashSources();
  if (!isBuilt(sources)) {
    await lock();
    try {
      if (!isBuilt(sources)) build(sources);
    } finally {
      rmSync(LOCK, { force: true });
    }
  }
  return new Map(MODULES.map((module) => [module, classPath(module)]));
}

function build(sources: string): void {
  rmSync(STAMP, { force: true });
  const maven = spawnSync('mvn', ['-q', '-B', 'package'], { cwd: PEERS, encoding: 'utf8', timeout: BUILD_TIMEOUT_MILLISECONDS });
  if (maven.status !== 0) {
    throw new Error(
      `mvn package in test/peers failed (${maven.error?.message ?? `exit code ${maven.status}`}):\n${maven.stdout}${maven.stderr}`,
    );
  }
  writeFileSync(STAMP, sources);
}

/** Built from these sources, and the libraries it was built with are still in the local repository. */
function isBuilt(sources: string): boolean {
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== sources) return false;
  return MODULES.every((module) => classPath(module).split(':').every(existsSync));
}

function classPath(module: PeerModule): string {
  const target = join(PEERS, module, 'target');
  return `${join(target, 'classes')}:${readFileSync(join(target, 'classpath.txt'), 'utf8').trim()}`;
}

function hashSources(): string {
  const hash = createHash('sha256');
  const files = readdirSync(PEERS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/target/'))
    .sort();
  for (const file of files) hash.update(file.slice(PEERS.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Test files run at the same time, each in a process of its own; one builds, the others wait. */
async function lock(): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  const deadline = Date.now() + BUILD_TIMEOUT_MILLISECONDS;
  while (!tryLock()) {
    if (Date.now() > deadline) throw new Error(`another build holds ${LOCK}`);
    await wait(LOCK_POLL_MILLISECONDS);
  }
}

function tryLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!holderIsAlive()) rmSync(LOCK, { force: true });
    return false;
  }
}

function holderIsAlive(): boolean {
  try {
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}
