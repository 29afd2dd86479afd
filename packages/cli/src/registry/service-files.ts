import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What every file of this command begins with, and in one of the same registries goes on with. */
const HEADER = '# Kept up to date by polywire registry watch from ';
const SUFFIX = '.yaml';
const TEMPORARY = /^\.polywire-(\d+)\.tmp$/;
/** File systems take names of 255 bytes; hosts have up to 253. */
const MAX_NAME = 200;

/** A file of this name that this command did not write. */
export class ForeignFileError extends Error {
  override readonly name = 'ForeignFileError';
}

/** One file for each service in a directory that may hold files of others. Not for two callers at a time. */
export class ServiceFiles {
  readonly #directory: string;
  readonly #header: string;
  readonly #temporary: string;

  private constructor(directory: string, source: string) {
    this.#directory = directory;
    this.#header = `${HEADER}${source.replaceAll(/\s+/g, ' ')}`;
    this.#temporary = join(directory, `.polywire-${process.pid}.tmp`);
  }

  /**
   * Makes the directory if it is not there, and takes away what a process that was killed left half-written.
   * @param source the registries that the files are of
   */
  static async open(directory: string, source: string): Promise<ServiceFiles> {
    await makeDirectory(directory);
    for (const name of await readdir(directory)) {
      const [, pid] = TEMPORARY.exec(name) ?? [];
      if (pid !== undefined && !isRunning(Number(pid))) await rm(join(directory, name), { force: true });
    }
    return new ServiceFiles(directory, source);
  }

  /** The path of a service's file. */
  path(host: string): string {
    return join(this.#directory, fileName(host));
  }

  /**
   * Readers see the former text or this one, whole.
   * @returns false: it was there already
   * @throws ForeignFileError
   */
  async write(host: string, text: string): Promise<boolean> {
    const path = this.path(host);
    const former = await readIfThere(path);
    const whole = `${this.#header}\n${text}`;
    if (former === whole) return false;
    if (former !== undefined && former !== '' && !former.startsWith(HEADER)) {
      throw new ForeignFileError(`${path} was not written by polywire registry watch: it stays as it is`);
    }
    await writeFile(this.#temporary, whole);
    await rename(this.#temporary, path);
    return true;
  }

  /** @returns false: there is none, or it is not of these registries */
  async remove(host: string): Promise<boolean> {
    return this.#removeFile(fileName(host));
  }

  /** Removes the files of these registries that are of other services than these. @returns their paths */
  async keepOnly(hosts: Iterable<string>): Promise<string[]> {
    const kept = new Set([...hosts].map(fileName));
    const removed: string[] = [];
    for (const name of (await readdir(this.#directory)).sort()) {
      if (!name.endsWith(SUFFIX) || kept.has(name)) continue;
      if (await this.#removeFile(name)) removed.push(join(this.#directory, name));
    }
    return removed;
  }

  async #removeFile(name: string): Promise<boolean> {
    const path = join(this.#directory, name);
    const text = await readIfThere(path);
    if (text === undefined || !text.startsWith(`${this.#header}\n`)) return false;
    await rm(path, { force: true });
    return true;
  }
}

/** Legal everywhere, and of no other host: what is not in the name as it is, is in it as a hash. */
function fileName(host: string): string {
  const plain = /^[a-z0-9][a-z0-9.-]*$/.test(host) && host.length <= MAX_NAME;
  if (plain) return `${host}${SUFFIX}`;
  const readable = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .slice(0, MAX_NAME);
  return `${readable.replace(/^[.-]+/, '')}_${createHash('sha256').update(host).digest('hex').slice(0, 16)}${SUFFIX}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Not `recursive: true`, with which Node 20 tries for ever where the system refuses with ENOENT, as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
