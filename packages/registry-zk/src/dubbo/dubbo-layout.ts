import type { HoldReason, RegistryContext, ServiceEntrySink } from '@polywire/core/spi';
import type { ZkClient, ZkEvent } from '../client/client.ts';
import { CONNECTION_LOSS, hasCode, NO_AUTH, NO_NODE, UNIMPLEMENTED } from '../client/errors.ts';
import { WorkQueue } from '../work-queue.ts';
import { InterfaceView } from './interface-view.ts';
import { decodeNodeName, ProviderUrlError } from './provider-url.ts';

/** Children of the root that are no interfaces. */
const RESERVED = new Set(['config', 'mapping', 'metadata']);
/** Key of the root itself among the things to read; no node has an empty name. */
const ROOT = '';

/** How the tree is followed. */
export interface DubboLayoutOptions {
  /** Absolute path, e.g. `/dubbo`. */
  readonly root: string;
  /** Reads in flight at a time. */
  readonly concurrentReads: number;
  /** Changes that come within it are read once, in ms. */
  readonly debounceMs: number;
  /** How often a node that may not be read is tried again, in ms: permissions change without an event. */
  readonly deniedRetryMs: number;
  /**
   * Time from one reading of everything to the next, in ms. Servers swallow the events of nodes that the client may not read at that moment
   * (since the fix of CVE-2024-23944), and a one-shot watch with them: without this, what changed then would stay unknown.
   */
  readonly resyncMs: number;
}

/**
 * Follows `/<root>/<interface>/providers` with one recursive watch, or with one-shot watches where the server knows no other. Every event
 * only says what to read again: what is delivered is the difference between two reads, so a merged or missed event does no harm.
 */
export class DubboLayout {
  readonly #client: ZkClient;
  readonly #sink: ServiceEntrySink;
  readonly #context: RegistryContext;
  readonly #options: DubboLayoutOptions;
  readonly #reads: WorkQueue;
  readonly #views = new Map<string, InterfaceView>();
  /** Names under the root, as last listed. Kept up only with one-shot watches, where a new one needs a watch of its own. */
  #listed = new Set<string>();
  /** What could not be read, and is tried again. */
  readonly #denied = new Set<string>();
  /** Interfaces of which the sink holds the services. */
  readonly #held = new Set<string>();
  readonly #changed = new Set<string>();
  #debounce: NodeJS.Timeout | undefined;
  #deniedRetry: NodeJS.Timeout | undefined;
  #resync: NodeJS.Timeout | undefined;
  /** What is still to be read before everything delivered is current; undefined: nothing is, or there is no connection. */
  #unsynced: Set<string> | undefined;
  #recursive = false;
  /** Counts connections: an answer that comes from a former one is not acted upon. */
  #epoch = 0;

  constructor(client: ZkClient, sink: ServiceEntrySink, context: RegistryContext, options: DubboLayoutOptions) {
    this.#client = client;
    this.#sink = sink;
    this.#context = context;
    this.#options = options;
    this.#reads = new WorkQueue(options.concurrentReads, (key) => this.#read(key));
  }

  /** Reads everything: what changed while the client was away is not announced. */
  async connected(): Promise<void> {
    this.disconnected();
    const epoch = this.#epoch;
    try {
      // Before the first read, so that no change falls between the two.
      await this.#client.addRecursiveWatch(this.#options.root);
      if (epoch !== this.#epoch) return;
      this.#recursive = true;
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#recursive = false;
      if (!hasCode(error, UNIMPLEMENTED)) this.#context.log('warn', `cannot watch ${this.#options.root} as a whole`, { error });
    }
    this.#readAll();
  }

  disconnected(): void {
    this.#epoch++;
    this.#unsynced = undefined;
    this.#reads.clear();
    this.#changed.clear();
    clearTimeout(this.#debounce);
    clearTimeout(this.#deniedRetry);
    clearTimeout(this.#resync);
    this.#debounce = undefined;
    this.#deniedRetry = undefined;
  }

  event(event: ZkEvent): void {
    const { root } = this.#options;
    if (event.path === root) this.#touch(ROOT);
    else if (event.path.startsWith(`${root}/`)) {
      const [name = '', directory] = event.path.slice(root.length + 1).split('/', 2);
      if (!RESERVED.has(name) && (directory === undefined || directory === 'providers')) this.#touch(name);
    }
  }

  #readAll(): void {
    this.#unsynced = new Set([ROOT]);
    this.#reads.add(ROOT);
  }

  #touch(key: string): void {
    this.#changed.add(key);
    this.#debounce ??= setTimeout(() => {
      this.#debounce = undefined;
      for (const changed of this.#changed) this.#reads.add(changed);
      this.#changed.clear();
    }, this.#options.debounceMs);
  }

  async #read(key: string): Promise<void> {
    const epoch = this.#epoch;
    const path = key === ROOT ? this.#options.root : this.#providersPath(key);
    try {
      const children = await this.#children(path);
      if (epoch !== this.#epoch) return;
      this.#answered(key, children);
    } catch (error) {
      // After a loss everything is read again anyway.
      if (epoch !== this.#epoch || hasCode(error, CONNECTION_LOSS)) return;
      this.#failed(key, path, error);
    }
    this.#finished(key);
  }

  /** undefined: no such node. With one-shot watches one is left behind either way. */
  async #children(path: string): Promise<readonly string[] | undefined> {
    const watch = !this.#recursive;
    for (;;) {
      try {
        return await this.#client.getChildren(path, watch);
      } catch (error) {
        if (!hasCode(error, NO_NODE)) throw error;
      }
      if (!watch || !(await this.#client.exists(path, true))) return undefined;
    }
  }

  #answered(key: string, children: readonly string[] | undefined): void {
    if (this.#denied.delete(key)) this.#context.log('info', `${key === ROOT ? this.#options.root : key} can be read again`);
    if (key === ROOT) this.#listedRoot(children);
    else if (children === undefined) this.#removed(key);
    else this.#listedProviders(key, children);
  }

  #listedRoot(children: readonly string[] | undefined): void {
    if (children === undefined) this.#context.log('warn', `${this.#options.root} does not exist; check root and the address's chroot`);
    const isResync = this.#unsynced?.has(ROOT) === true;
    const former = this.#listed;
    this.#listed = new Set(children?.filter((name) => !RESERVED.has(name)));
    for (const name of [...this.#views.keys(), ...this.#denied]) if (!this.#listed.has(name)) this.#removed(name);
    for (const name of this.#listed) {
      if (!isResync && former.has(name)) continue;
      this.#unsynced?.add(name);
      this.#reads.add(name);
    }
  }

  #listedProviders(name: string, children: readonly string[]): void {
    const view = this.#views.get(name) ?? this.#newView(name);
    if (view === undefined) return;
    const changed = view.update(children);
    // An upsert, changed or not, ends the hold.
    for (const entry of this.#held.delete(name) ? view.entries() : changed) this.#sink.upsert(entry);
  }

  #newView(name: string): InterfaceView | undefined {
    try {
      const path = this.#providersPath(name);
      const view = new InterfaceView(path, decodeNodeName(name), (child, { kind, reason }) =>
        this.#context.log(kind === 'ignored' ? 'debug' : 'warn', `${kind} provider of ${name}: ${reason}`, { node: `${path}/${child}` }),
      );
      this.#views.set(name, view);
      return view;
    } catch (error) {
      if (!(error instanceof ProviderUrlError)) throw error;
      this.#context.log('warn', `ignored interface ${name}: ${error.message}`);
      return undefined;
    }
  }

  #removed(name: string): void {
    for (const entry of this.#views.get(name)?.entries() ?? []) this.#sink.remove(entry.host);
    this.#views.delete(name);
    this.#denied.delete(name);
    this.#held.delete(name);
  }

  #failed(key: string, path: string, error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const isDenied = hasCode(error, NO_AUTH);
    if (!this.#denied.has(key)) {
      const what = isDenied ? 'not allowed to read' : 'cannot read';
      this.#context.log('warn', `${what} ${path}; what was known of it stays in force`, { error: cause });
    }
    this.#denied.add(key);
    this.#deniedRetry ??= setTimeout(() => this.#retryDenied(), this.#options.deniedRetryMs);
    if (key === ROOT) this.#sink.stale(cause);
    for (const name of key === ROOT ? this.#views.keys() : [key]) this.#hold(name, isDenied ? 'denied' : 'unparsable');
  }

  #hold(name: string, reason: HoldReason): void {
    this.#held.add(name);
    for (const entry of this.#views.get(name)?.entries() ?? []) this.#sink.hold(entry.host, reason);
  }

  #retryDenied(): void {
    this.#deniedRetry = undefined;
    for (const key of this.#denied) this.#reads.add(key);
  }

  #finished(key: string): void {
    if (this.#denied.has(ROOT)) {
      // Once the root can be listed, everything is read.
      this.#unsynced = new Set([ROOT]);
    } else if (this.#unsynced?.delete(key) && this.#unsynced.size === 0) {
      this.#unsynced = undefined;
      clearTimeout(this.#resync);
      // Jitter: proxies that started together do not ask together for ever.
      this.#resync = setTimeout(() => this.#readAll(), this.#options.resyncMs * (0.9 + Math.random() / 5));
      this.#sink.synced();
    }
  }

  #providersPath(name: string): string {
    return `${this.#options.root}/${name}/providers`;
  }
}
