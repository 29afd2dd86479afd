import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const LOCK_POLL_MILLISECONDS = 200;
const LOCK_TIMEOUT_MILLISECONDS = 600_000;

/** Something built from sources into a folder that keeps a stamp of what it was built from. */
export interface Build {
  /** Folder of the results, of the stamp and of the lock. */
  readonly output: string;
  /** What it is built from, as `hashFiles` answers it. */
  readonly sources: string;
  /** Whether all that the last build made is still there; not asked when the sources changed. */
  isWhole(): boolean;
  build(): void | Promise<void>;
}

/** Builds unless it is built already. Test files run at the same time, each in a process of its own: one builds, the others wait. */
export async function buildOnce(build: Build): Promise<void> {
  const stamp = join(build.output, 'built');
  const lock = join(build.output, 'lock');
  const isBuilt = () => stampIn(stamp) === build.sources && build.isWhole();
  if (isBuilt()) return;
  mkdirSync(build.output, { recursive: true });
  await take(lock);
  try {
    if (isBuilt()) return;
    rmSync(stamp, { force: true });
    await build.build();
    writeFileSync(stamp, build.sources);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A digest of the names and contents of the files below a folder that are accepted; `accept` gets the path within it. */
export function hashFiles(folder: string, accept: (file: string) => boolean): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .filter(accept)
    .sort();
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(folder, file)))
      .update('\0');
  return hash.digest('hex');
}

/** Undefined when there is none, or when another process takes it away in this moment. */
function stampIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function take(lock: string): Promise<void> {
  const deadline = Date.now() + LOCK_TIMEOUT_MILLISECONDS;
  while (!tryTake(lock)) {
    if (Date.now() > deadline) throw new Error(`another build holds ${lock}`);
    await wait(LOCK_POLL_MILLISECONDS);
  }
}

function tryTake(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    return false;
  }
}

/** Not one that is given back meanwhile: the next holder's would be removed. */
function isAbandoned(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
