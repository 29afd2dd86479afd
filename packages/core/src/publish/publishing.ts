import type { PublishConfig } from '../config/bootstrap-model.ts';
import { messageOf } from '../errors/message-of.ts';
import type { Log } from '../observe/log.ts';
import { type AnnouncedEntries, PublishedServices } from './published-services.ts';
import type { PublishedAddress, Publisher } from './publisher.ts';

/** Changes that come within it are published together, in milliseconds. */
const DEBOUNCE_MS = 100;
/** How long a withdrawal may take before the listeners drain regardless, in milliseconds. */
const WITHDRAW_MS = 5_000;

/** What one entry of the bootstrap's `publish` is made with. */
export interface PublishingOptions {
  readonly config: PublishConfig;
  readonly publisher: Publisher;
  readonly store: AnnouncedEntries;
  /** Codecs that the listener speaks. */
  readonly protocols: readonly string[];
  readonly log: Log;
}

/** Keeps what one publisher says current with what a listener routes. */
export class Publishing {
  readonly publisher: Publisher;
  readonly config: PublishConfig;
  readonly #services: PublishedServices;
  readonly #log: Log;
  #unsubscribe: (() => void) | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor({ config, publisher, store, protocols, log }: PublishingOptions) {
    this.config = config;
    this.publisher = publisher;
    this.#log = log;
    this.#services = new PublishedServices(store, protocols);
  }

  /** The listener takes connections from now on. */
  async start(address: PublishedAddress): Promise<void> {
    await this.publisher.start(address);
    this.#unsubscribe = this.#services.follow(() => this.#changed());
    this.#publish();
  }

  /** Takes everything back, and resolves when callers had time to hear of it. */
  async withdraw(): Promise<void> {
    const { name } = this.publisher;
    const wasStarted = this.#unsubscribe !== undefined;
    this.#end();
    if (!wasStarted) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), WITHDRAW_MS);
    });
    const withdrawn = this.publisher.withdraw().then(
      // A registry that is away was told nothing.
      () => this.publisher.status().problem === undefined,
      (error: unknown) => {
        this.#log.warn(`${name} could not be withdrawn: ${messageOf(error)}; it goes when its session expires`);
        return false;
      },
    );
    const isGone = await Promise.race([withdrawn, late]);
    if (isGone === undefined) {
      this.#log.warn(`${name} did not answer within ${WITHDRAW_MS} ms of its withdrawal; it goes when its session expires`);
    }
    clearTimeout(timer);
    const { grace } = this.config;
    const what = isGone ? `nothing is published to ${name} any more` : `what stands at ${name} goes when its session expires`;
    this.#log.info(`${what}; new connections are still taken while callers hear of it`, { graceMs: grace });
    await new Promise((resolve) => setTimeout(resolve, grace));
  }

  async stop(): Promise<void> {
    this.#end();
    await this.publisher.stop();
  }

  #end(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#publish();
    }, DEBOUNCE_MS);
  }

  #publish(): void {
    this.publisher.publish(this.#services.current());
  }
}
