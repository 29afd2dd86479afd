import { CONNECTION_LOSS, hasCode, NO_AUTH, NODE_EXISTS, ZkError } from '../client/errors.ts';
import { WorkQueue } from '../work-queue.ts';

/** Jobs that run at a time. */
const CONCURRENCY = 64;

/** How one job is doing. */
export interface JobState {
  readonly state: 'published' | 'pending' | 'failed';
  readonly reason: string | undefined;
}

/** What jobs work with. */
export interface JobsOptions {
  /** Brings one key to where it should be, whatever was there; false: nothing is left of it. */
  readonly run: (key: string) => Promise<boolean>;
  readonly warn: (message: string) => void;
  /** First and longest pause before what failed is tried again, in ms. */
  readonly retryMs: { readonly first: number; readonly longest: number };
}

/** Keeps doing what has to be done, key by key, while there is a connection; what failed is tried again later. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #queue = new WorkQueue(CONCURRENCY, (key) => this.#run(key));
  readonly #states = new Map<string, JobState>();
  /** Kinds of failures that somebody was told of since all was well. */
  readonly #told = new Set<string>();
  #isConnected = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  #failures = 0;
  /** Jobs that have to be done well before what failed is over. */
  #retried = 0;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** The key has to be looked at. */
  mark(key: string): void {
    this.#states.set(key, { ...PENDING });
    if (this.#isConnected) this.#queue.add(key);
  }

  state(key: string): JobState {
    return this.#states.get(key) ?? PENDING;
  }

  /** @param again everything, also what was done */
  connected(again: boolean): void {
    this.#isConnected = true;
    for (const [key, { state }] of this.#states) if (again || state !== 'published') this.mark(key);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#queue.clear();
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #again(): void {
    this.#retry = undefined;
    this.#retried = 0;
    for (const [key, { state }] of this.#states) {
      if (state !== 'failed') continue;
      this.mark(key);
      this.#retried++;
    }
  }

  async #run(key: string): Promise<void> {
    const marked = this.#states.get(key);
    if (marked === undefined || !this.#isConnected) return;
    try {
      const isThere = await this.#options.run(key);
      // Marked again meanwhile: it is done again.
      if (this.#states.get(key) !== marked) return;
      if (isThere) this.#states.set(key, PUBLISHED);
      else this.#states.delete(key);
      // All that failed was tried again, and nothing failed since.
      if (this.#retry === undefined && this.#retried > 0 && --this.#retried === 0) {
        this.#told.clear();
        this.#failures = 0;
      }
    } catch (error) {
      if (this.#states.has(key)) this.#failed(key, error);
    }
  }

  #failed(key: string, error: unknown): void {
    // Done again with the next connection.
    if (hasCode(error, CONNECTION_LOSS)) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#states.set(key, { state: 'failed', reason });
    const kind = kindOf(error, reason);
    if (!this.#told.has(kind)) {
      this.#told.add(kind);
      this.#options.warn(`${reason}${adviceOn(error)}; it is tried again`);
    }
    if (this.#retry !== undefined || !this.#isConnected) return;
    const { first, longest } = this.#options.retryMs;
    const pause = Math.min(longest, first * 2 ** Math.min(this.#failures++, 16));
    this.#retry = setTimeout(() => this.#again(), pause);
  }
}

/** Not done yet. */
export const PENDING: JobState = { state: 'pending', reason: undefined };
const PUBLISHED: JobState = { state: 'published', reason: undefined };

/** Ten thousand nodes that may not be created are one thing to tell. */
function kindOf(error: unknown, reason: string): string {
  return error instanceof ZkError ? String(error.code) : reason;
}

function adviceOn(error: unknown): string {
  if (hasCode(error, NO_AUTH)) return ': give auth to this entry of publish, as a user who may create nodes there';
  return hasCode(error, NODE_EXISTS) ? ': somebody else holds it, perhaps a Polywire that is told the same host and port' : '';
}
