import type { Problem } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { LoadedMesh } from './load.ts';
import { hasErrors, type SourceTexts } from './problems.ts';

/** Milliseconds of quiet before a change is read: editors and `kubectl` write several files, and one file in several steps. */
const DEFAULT_DEBOUNCE_MS = 50;

/** Who hears of changes, and from what on. */
export interface ReloadOptions {
  /** What is in force; files that still say so cause no call. */
  readonly initial: LoadedMesh;
  /** Milliseconds of quiet before a change is read; 50 when not given. */
  readonly debounceMs?: number;
  /** A change without errors; onProblems was told of its warnings. What was in force before stays so until this is called. */
  readonly onChange: (mesh: LoadedMesh) => void;
  /** What a changed set of files has wrong; an error among it means that the change was not taken. Empty once all is well again. */
  readonly onProblems: (problems: readonly Problem[], sources: SourceTexts) => void;
}

/** Loads one at a time, and once more when something changed meanwhile. A load that gives back what it was given found no change. */
export class Reloads {
  readonly #options: ReloadOptions;
  readonly #load: (former: LoadedMesh) => Promise<LoadedMesh>;
  #seen: LoadedMesh;
  #hadProblems: boolean;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: ReloadOptions, load: (former: LoadedMesh) => Promise<LoadedMesh>) {
    this.#options = options;
    this.#load = load;
    this.#seen = options.initial;
    this.#hadProblems = options.initial.problems.length > 0;
  }

  schedule(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), this.#options.debounceMs ?? DEFAULT_DEBOUNCE_MS);
  }

  /** Reports what is wrong with the watch itself. */
  fail(what: string, cause: unknown): void {
    if (this.#stopped) return;
    const message = `${what}: ${messageOf(cause)}`;
    this.#options.onProblems([{ severity: 'error', message, position: undefined }], this.#seen.sources);
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
      .catch((cause: unknown) => this.fail('a change of the resources could not be taken', cause))
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.schedule();
        this.#again = false;
      });
  }

  async #reload(): Promise<void> {
    const loaded = await this.#load(this.#seen);
    if (this.#stopped || loaded === this.#seen) return;
    this.#seen = loaded;
    const { problems, sources } = loaded;
    if (problems.length > 0 || this.#hadProblems) this.#options.onProblems(problems, sources);
    this.#hadProblems = problems.length > 0;
    if (!hasErrors(problems)) this.#options.onChange(loaded);
  }
}
