import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { DEFAULT_PORTS, type DemoPorts, demoFiles } from './files.ts';
import { freePort } from './provider.ts';

/** Where the demo's files are and which ports they name. */
export interface DemoPlace {
  /** As commands may name it: relative when it lies below the working directory. */
  readonly directory: string;
  readonly ports: DemoPorts;
}

/**
 * The checked-in example when it is at hand and its ports are free, so that what the user edits is what the user finds in the
 * repository; otherwise a folder of its own.
 * @param wanted a folder to use; its files are written when it has none
 */
export async function prepareDemo(workingDirectory: string, wanted: string | undefined): Promise<DemoPlace> {
  const ports: DemoPorts = {
    proxy: await freePort(DEFAULT_PORTS.proxy),
    v1: await freePort(DEFAULT_PORTS.v1),
    v2: await freePort(DEFAULT_PORTS.v2),
    admin: await freePort(DEFAULT_PORTS.admin),
  };
  const asWritten = JSON.stringify(ports) === JSON.stringify(DEFAULT_PORTS);
  const example = resolve(workingDirectory, wanted ?? 'examples/gray-release');
  if (asWritten && (await exists(join(example, 'polywire.yaml')))) return { directory: named(example, workingDirectory), ports };
  const directory = wanted === undefined ? await mkdtemp(join(tmpdir(), 'polywire-demo-')) : example;
  for (const [name, text] of demoFiles(ports)) {
    const file = join(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return { directory: named(directory, workingDirectory), ports };
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
