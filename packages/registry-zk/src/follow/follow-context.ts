import type { HoldReason, RegistryContext } from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import type { Faults } from './faults.ts';
import type { AnnouncementSink } from './merged-services.ts';
import type { ReadLimit } from './read-limit.ts';

/** How trees are followed. */
export interface FollowOptions {
  /** Reads in flight at a time, of all trees together. */
  readonly concurrentReads: number;
  /** How long after a change its node is read, in ms, with what else changed of it until then. */
  readonly debounceMs: number;
  /** How often a node that may not be read is tried again, in ms: permissions change without an event. */
  readonly deniedRetryMs: number;
  /**
   * Time from one reading of everything to the next, in ms. Servers swallow the events of nodes that the client may not read at that moment
   * (since the fix of CVE-2024-23944), and a one-shot watch with them: without this, what changed then would stay unknown.
   */
  readonly resyncMs: number;
}

/** What the trees of a registry share. */
export interface FollowContext {
  readonly client: ZkClient;
  readonly reads: ReadLimit;
  readonly options: FollowOptions;
  readonly log: RegistryContext['log'];
  readonly faults: Faults;
  /** Level of what the sink is told of the tree as unread, too. */
  readonly unreadLevel: 'debug' | 'warn';
}

/** Where a tree's announcements go, and what is told of the tree as a whole. */
export interface TreeSink extends AnnouncementSink {
  /** Everything was read. */
  synced(): void;
  /** The root may not be read. */
  stale(cause: Error): void;
  /** See ServiceEntrySink. */
  unread(path: string, reason: HoldReason | 'missing'): void;
  /** See ServiceEntrySink. */
  readable(path: string): void;
}
