import { type HoldReason, loopShare, type RegistryContext } from '@polywire/core/spi';
import type { AnnouncementSink } from './merged-services.ts';

/** What is told of leaves, by node. */
export interface PacedLeavesOptions {
  readonly sink: AnnouncementSink;
  readonly path: (node: string) => string;
  /** @returns whether there was one */
  readonly forget: (node: string) => boolean;
  readonly log: RegistryContext['log'];
}

/**
 * Leaves that are gone, or can no longer be read. A tree may lose ten thousand at once, so that they are counted first, and then said, in pieces. One
 * that comes back before its turn is not lost.
 */
export class PacedLeaves {
  readonly #options: PacedLeavesOptions;
  /** By node: what is still to be said. */
  readonly #due = new Map<string, HoldReason | 'gone'>();
  /** Gone, and not counted: nothing is said of them before they are. */
  readonly #uncounted = new Set<string>();
  #saying: Promise<void> | undefined;

  constructor(options: PacedLeavesOptions) {
    this.#options = options;
  }

  isGone(node: string): boolean {
    return this.#due.get(node) === 'gone';
  }

  /** Takes effect from the next `flush` on, as `hold` does. */
  remove(node: string): void {
    this.#due.set(node, 'gone');
    this.#uncounted.add(node);
  }

  hold(node: string, reason: HoldReason): void {
    this.#due.set(node, reason);
    this.#uncounted.delete(node);
  }

  /** It is there, and can be read. */
  keep(node: string): void {
    this.#due.delete(node);
    this.#uncounted.delete(node);
  }

  flush(): void {
    if (this.#saying !== undefined) return;
    const { sink, path } = this.#options;
    const gone = [...this.#uncounted];
    this.#uncounted.clear();
    const counting = gone.length > 1 ? sink.losing?.(pathsOf(gone, path)) : undefined;
    if (counting === undefined) this.#sayAll();
    else this.#then(counting, () => this.#sayAll());
  }

  /** Runs it when everything is said: now, if it is. */
  afterAll(run: () => void): void {
    if (this.#saying === undefined) run();
    else void this.#saying.then(() => this.afterAll(run));
  }

  /** Says nothing more. */
  stop(): void {
    this.#due.clear();
    this.#uncounted.clear();
  }

  #sayAll(): void {
    const rest = loopShare.each(this.#due.keys(), (node) => this.#uncounted.has(node) || this.#say(node));
    if (rest !== undefined) this.#then(rest, () => this.flush());
    else if (this.#uncounted.size > 0) this.flush();
  }

  #then(under: Promise<void>, next: () => void): void {
    this.#saying = under.then(() => {
      this.#saying = undefined;
      next();
    });
  }

  #say(node: string): void {
    const { sink, path, forget, log } = this.#options;
    const what = this.#due.get(node);
    this.#due.delete(node);
    try {
      if (what !== 'gone') what !== undefined && sink.hold(path(node), what);
      else if (forget(node)) sink.remove(path(node));
    } catch (error) {
      // The others are due all the same, and whoever waits for them must not wait for ever.
      log('error', `what follows from the loss of ${path(node)} could not be done`, { error });
    }
  }
}

function* pathsOf(nodes: readonly string[], path: (node: string) => string): Iterable<string> {
  for (const node of nodes) yield path(node);
}
