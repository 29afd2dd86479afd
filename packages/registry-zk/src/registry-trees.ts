import type { RegistryContext, ServiceEntrySink } from '@polywire/core/spi';
import type { ZkClient, ZkEvent } from './client/client.ts';
import { Faults } from './follow/faults.ts';
import type { FollowOptions, TreeSink } from './follow/follow-context.ts';
import type { Layout } from './follow/layout.ts';
import { Lineage } from './follow/lineage.ts';
import type { MergedServices } from './follow/merged-services.ts';
import type { ReadLimit } from './follow/read-limit.ts';
import { TreeFollower } from './follow/tree-follower.ts';

/** What the trees of one registry are made from. */
export interface RegistryTreesOptions {
  readonly client: ZkClient;
  readonly reads: ReadLimit;
  /** In order of precedence. */
  readonly layouts: readonly Layout[];
  readonly services: MergedServices;
  readonly sink: Pick<ServiceEntrySink, 'synced' | 'stale' | 'unread' | 'readable'>;
  readonly follow: FollowOptions;
  readonly log: RegistryContext['log'];
  /** Of what the sink is told as unread. */
  readonly unreadLevel: 'debug' | 'warn';
}

/** The trees of one registry: one client, one set of services, and a registry that is current only when all of them are. */
export class RegistryTrees {
  readonly #followers: readonly TreeFollower[];
  readonly #unsynced = new Set<Layout>();
  readonly #layouts: readonly Layout[];
  readonly #services: MergedServices;
  /** Counts connections and their ends. */
  #epoch = 0;

  constructor({ client, reads, layouts, services, sink, follow, log, unreadLevel }: RegistryTreesOptions) {
    this.#layouts = layouts;
    this.#services = services;
    const context = { client, options: follow, reads, log, faults: new Faults() };
    const lineage = new Lineage(client);
    const current = (): void => {
      for (const each of layouts) each.synced?.();
      sink.synced();
    };
    this.#followers = layouts.map((layout, rank) => {
      const synced = (): void => {
        layout.read?.();
        this.#unsynced.delete(layout);
        if (this.#unsynced.size > 0) return;
        const { redelivering } = services;
        if (redelivering === undefined) current();
        else this.#currentAfter(redelivering, current);
      };
      const stale = (cause: Error): void => {
        this.#unsynced.add(layout);
        sink.stale(cause);
      };
      // Of a tree without services, nothing can be missing.
      const unread: TreeSink['unread'] = (path, reason) => layout.sink === undefined && sink.unread?.(path, reason);
      const readable: TreeSink['readable'] = (path) => layout.sink === undefined && sink.readable?.(path);
      const announcing = layout.sink ?? services.layout(rank);
      const set: TreeSink['set'] = (leaf, announcements) => announcing.set(leaf, lineage.mark(announcements));
      const level = layout.sink === undefined ? unreadLevel : 'warn';
      return new TreeFollower(layout, { ...context, unreadLevel: level }, { ...announcing, set, synced, stale, unread, readable });
    });
  }

  connected(): void {
    this.#epoch++;
    for (const layout of this.#layouts) this.#unsynced.add(layout);
    for (const follower of this.#followers) void follower.connected();
  }

  disconnected(): void {
    this.#epoch++;
    for (const follower of this.#followers) follower.disconnected();
  }

  /** As `disconnected`, for good. */
  stop(): void {
    this.#epoch++;
    for (const follower of this.#followers) follower.stop();
    this.#services.stop();
  }

  event(event: ZkEvent): void {
    for (const follower of this.#followers) follower.event(event);
  }

  #currentAfter(redelivering: Promise<void>, current: () => void): void {
    const epoch = this.#epoch;
    void redelivering.then(() => {
      if (epoch === this.#epoch && this.#unsynced.size === 0) current();
    });
  }
}
