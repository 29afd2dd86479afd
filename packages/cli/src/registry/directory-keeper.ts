import { messageOf } from '@polywire/core';
import type { RegistryEvent } from './events.ts';
import { ForeignFileError, type ServiceFiles } from './service-files.ts';

/** How often a file that could not be written is tried again, in ms. */
const RETRY_MS = 5_000;

/** What a keeper asks of whoever follows the registries, and tells. */
export interface KeeperContext {
  /** Everything that is delivered is current. */
  readonly isSynced: boolean;
  /** Parts of the registries whose services are not known, with the reason. */
  readonly unread: ReadonlyMap<string, string>;
  /** Of the services that there are. */
  readonly hosts: Iterable<string>;
}

/** Whom a keeper tells. */
export interface KeeperListener {
  written(path: string): void;
  deleted(path: string): void;
  failed(reason: string): void;
}

/**
 * Keeps a directory equal to what registries announce. Files are deleted only while every registry is known to be current: of services
 * that were seen to go, unless a whole tree is missing, and of services that were gone before this process began, unless anything could
 * not be read.
 */
export class DirectoryKeeper {
  readonly #files: ServiceFiles;
  readonly #context: KeeperContext;
  readonly #listener: KeeperListener;
  /** Text that each file is to have; undefined: none. */
  readonly #wanted = new Map<string, string | undefined>();
  readonly #reported = new Map<string, string>();
  #isSwept = false;
  #work: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;

  constructor(files: ServiceFiles, context: KeeperContext, listener: KeeperListener) {
    this.#files = files;
    this.#context = context;
    this.#listener = listener;
  }

  take(events: readonly RegistryEvent[]): void {
    for (const event of events) {
      if (event.event === 'added' || event.event === 'changed') this.#wanted.set(event.host, event.text);
      else if (event.event === 'removed') this.#wanted.set(event.host, undefined);
    }
    this.#work = this.#work.then(() => this.#settle());
  }

  /** Resolves when what was taken is done, as far as it can be. */
  async finish(): Promise<void> {
    await this.#work;
    clearTimeout(this.#retry);
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const [host, text] of [...this.#wanted]) {
      if (text === undefined && !this.#mayDelete()) continue;
      await this.#attempt(this.#files.path(host), async () => {
        await (text === undefined ? this.#delete(host) : this.#write(host, text));
        if (this.#wanted.get(host) === text) this.#wanted.delete(host);
      });
    }
    if (!this.#isSwept && this.#mayDelete() && this.#context.unread.size === 0) await this.#attempt('the directory', () => this.#sweep());
  }

  #mayDelete(): boolean {
    return this.#context.isSynced && ![...this.#context.unread.values()].includes('missing');
  }

  async #write(host: string, text: string): Promise<void> {
    if (await this.#files.write(host, text)) this.#listener.written(this.#files.path(host));
  }

  async #delete(host: string): Promise<void> {
    if (await this.#files.remove(host)) this.#listener.deleted(this.#files.path(host));
  }

  async #sweep(): Promise<void> {
    const removed = await this.#files.keepOnly(this.#context.hosts);
    this.#isSwept = true;
    for (const path of removed) this.#listener.deleted(path);
  }

  async #attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.#reported.delete(what);
    } catch (error) {
      const reason = error instanceof ForeignFileError ? error.message : `${what}: ${messageOf(error)}`;
      if (this.#reported.get(what) !== reason) this.#listener.failed(reason);
      this.#reported.set(what, reason);
      this.#retry ??= setTimeout(() => this.take([]), RETRY_MS);
    }
  }
}
