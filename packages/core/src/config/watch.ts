import { join, resolve, sep } from 'node:path';
import { watch as watchPaths } from 'chokidar';
import type { Problem } from '../errors/config-error.ts';
import { type LoadedMesh, loadMesh, type MeshSources } from './load.ts';
import type { MeshResources } from './model.ts';
import { hasErrors, type SourceTexts } from './problems.ts';

/** Milliseconds of quiet before a change is read: editors and `kubectl` write several files, and one file in several steps. */
const DEFAULT_DEBOUNCE_MS = 50;

/** What is watched, and who hears of it. */
export interface WatchOptions {
  readonly where: MeshSources;
  /** What is in force; files that still say so cause no call. */
  readonly initial: LoadedMesh;
  /** Milliseconds of quiet before a change is read; 50 when not given. */
  readonly debounceMs?: number;
  /** A change without errors. What was in force before stays so until this is called. */
  readonly onChange: (resources: MeshResources) => void;
  /** What a changed set of files has wrong; an error among it means that the change was not taken. Empty once all is well again. */
  readonly onProblems: (problems: readonly Problem[], sources: SourceTexts) => void;
}

/** A running watch. */
export interface ResourceWatcher {
  /** Nothing is called after it resolves. Idempotent. */
  close(): Promise<void>;
}

/** Watches the folders of the globs. Resolves once every later change is seen. */
export async function watchMesh(options: WatchOptions): Promise<ResourceWatcher> {
  const reloads = new Reloads(options);
  const watcher = watchPaths(watchedFolders(options.where), {
    ignoreInitial: true,
    ignored: (path) => path.split(sep).some((part) => part === 'node_modules' || part === '.git'),
  });
  // 'raw' also tells of what chokidar has no event for, like the swapped link of a mounted ConfigMap. A spurious one costs a read.
  for (const event of ['all', 'raw'] as const) watcher.on(event, () => reloads.schedule());
  watcher.on('error', (cause) => reloads.fail(cause));
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

/** Loads one at a time, and once more when something changed meanwhile. */
class Reloads {
  readonly #options: WatchOptions;
  #seen: SourceTexts;
  #hadProblems: boolean;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#seen = options.initial.sources;
    this.#hadProblems = options.initial.problems.length > 0;
  }

  schedule(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), this.#options.debounceMs ?? DEFAULT_DEBOUNCE_MS);
  }

  fail(cause: unknown): void {
    if (this.#stopped) return;
    const message = `watching the resources failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    this.#options.onProblems([{ severity: 'error', message, position: undefined }], this.#seen);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #start(): void {
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#running = this.#reload()
      .catch((cause: unknown) => this.fail(cause))
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.schedule();
        this.#again = false;
      });
  }

  async #reload(): Promise<void> {
    const loaded = await loadMesh(this.#options.where);
    if (this.#stopped || sameTexts(loaded.sources, this.#seen)) return;
    this.#seen = loaded.sources;
    const { problems, resources, sources } = loaded;
    if (problems.length > 0 || this.#hadProblems) this.#options.onProblems(problems, sources);
    this.#hadProblems = problems.length > 0;
    if (!hasErrors(problems)) this.#options.onChange(resources);
  }
}

function sameTexts(left: SourceTexts, right: SourceTexts): boolean {
  return left.size === right.size && [...left].every(([file, text]) => right.get(file) === text);
}
