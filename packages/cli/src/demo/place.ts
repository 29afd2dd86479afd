import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { CliError, EXIT } from '../exit.ts';
import { DEFAULT_PORTS, type DemoPorts, demoFiles } from './files.ts';
import { freePort } from './provider.ts';

/** Where the demo's files are and which ports they name. */
export interface DemoPlace {
  /** As commands may name it: relative when it lies below the working directory. */
  readonly directory: string;
  readonly ports: DemoPorts;
  /** Of the example's ports, those that something else listens on: why the demo did not use the example. */
  readonly taken: readonly number[];
}

/**
 * The checked-in example when it is at hand and its ports are free, so that what the user edits is what the user finds in the
 * repository; otherwise a folder of its own.
 * @param wanted a folder to use; its files are written when it has none
 * @throws CliError when it has some and their ports are taken
 */
export async function prepareDemo(workingDirectory: string, wanted: string | undefined): Promise<DemoPlace> {
  const ports: DemoPorts = {
    proxy: await freePort(DEFAULT_PORTS.proxy),
    v1: await freePort(DEFAULT_PORTS.v1),
    v2: await freePort(DEFAULT_PORTS.v2),
    admin: await freePort(DEFAULT_PORTS.admin),
  };
  const free = new Set(Object.values(ports));
  const taken = Object.values(DEFAULT_PORTS).filter((port) => !free.has(port));
  const example = resolve(workingDirectory, wanted ?? 'examples/gray-release');
  if (await exists(join(example, 'polywire.yaml'))) {
    if (taken.length === 0) return { directory: named(example, workingDirectory), ports, taken };
    if (wanted !== undefined) throw new CliError(inUse(wanted, taken), EXIT.refused);
  }
  const directory = wanted === undefined ? await mkdtemp(join(tmpdir(), 'polywire-demo-')) : example;
  for (const [name, text] of demoFiles(ports)) {
    const file = join(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return { directory: named(directory, workingDirectory), ports, taken };
}

function inUse(directory: string, taken: readonly number[]): string {
  const free = 'Free them, name an empty folder, or leave out --directory';
  return `${directory} has files already, and something listens on their ports: ${taken.join(', ')}. ${free}`;
}

function named(directory: string, workingDirectory: string): string {
  const short = relative(workingDirectory, directory);
  return short.startsWith('..') ? directory : short === '' ? '.' : short;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
