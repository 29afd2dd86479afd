import { dirname, join, resolve, sep } from 'node:path';
import { watch as watchPaths } from 'chokidar';
import { type LoadedMesh, loadMesh, type MeshSources } from './load.ts';
import { type ReloadOptions, Reloads } from './reloads.ts';
import { clientTlsOf } from './tls-checks.ts';

/** What is watched, and who hears of it. */
export interface WatchOptions extends ReloadOptions {
  readonly where: MeshSources;
}

/** A running watch. */
export interface ResourceWatcher {
  /** Nothing is called after it resolves. Idempotent. */
  close(): Promise<void>;
}

/** Watches the folders of the globs. Resolves once every later change is seen. */
export async function watchMesh(options: WatchOptions): Promise<ResourceWatcher> {
  const folders = watchedFolders(options.where);
  // Chokidar is never ready when it has nothing to watch.
  if (folders.length === 0) return { close: async () => {} };
  const watcher = watchPaths([...folders, ...tlsFolders(options.initial)], {
    ignoreInitial: true,
    ignored: (path) => path.split(sep).some((part) => part === 'node_modules' || part === '.git'),
  });
  const reloads = new Reloads(options, async (former) => {
    const mesh = await loadMesh(options.where, former);
    // A certificate that is missing may come while the resources stay as they are.
    watcher.add(tlsFolders(mesh));
    return mesh;
  });
  // 'raw' also tells of what chokidar has no event for, like the swapped link of a mounted ConfigMap. A spurious one costs a read.
  for (const event of ['all', 'raw'] as const) watcher.on(event, () => reloads.schedule());
  watcher.on('error', (cause) => reloads.fail('the folders of the resources cannot be watched', cause));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  // Files may have changed between the first load and now.
  reloads.schedule();
  return {
    close: async () => {
      await reloads.stop();
      await watcher.close();
    },
  };
}

/** The part of each glob that has no pattern in it: where new files can appear. */
function watchedFolders({ directory, globs }: MeshSources): string[] {
  const folders = globs
    .filter((pattern) => !pattern.startsWith('!'))
    .map((pattern) => {
      const parts = pattern.split('/');
      const magic = parts.findIndex((part) => /[*?{}[\]()!+@]/.test(part));
      // A file's folder is watched instead of the file: a rename over it ends a watch on the file itself.
      const fixed = parts.slice(0, magic === -1 ? parts.length - 1 : Math.min(magic, parts.length - 1));
      return pattern.startsWith('/') ? resolve('/', ...fixed) : join(resolve(directory), ...fixed);
    });
  return [...new Set(folders)];
}

function tlsFolders({ resources }: LoadedMesh): string[] {
  const files = clientTlsOf(resources.destinationRules).flatMap(({ files: { cert, key, ca } }) => [cert, key, ca]);
  return [...new Set(files.flatMap((file) => (file === undefined ? [] : [dirname(file)])))];
}
