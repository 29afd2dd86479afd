import { type HoldReason, loopShare } from '@polywire/core/spi';
import type { ZkEvent } from '../client/client.ts';
import { CONNECTION_LOSS, hasCode, NO_AUTH, UNIMPLEMENTED } from '../client/errors.ts';
import { WorkQueue } from '../work-queue.ts';
import { Debounce } from './debounce.ts';
import type { FollowContext, TreeSink } from './follow-context.ts';
import { FollowedLeaf } from './followed-leaf.ts';
import type { Layout } from './layout.ts';
import { NodeReader } from './node-reader.ts';
import { PacedLeaves } from './paced-leaves.ts';
import { TreePattern } from './tree-pattern.ts';

const ROOT = '';

/**
 * Follows a layout's tree with one recursive watch, or with one-shot watches where the server knows no other. Every event only says what to
 * read again: what is delivered is the difference between two reads, so a merged or missed event does no harm.
 */
export class TreeFollower {
  readonly #layout: Layout;
  readonly #context: FollowContext;
  readonly #sink: TreeSink;
  readonly #pattern: TreePattern;
  readonly #nodes: NodeReader;
  readonly #reads: WorkQueue;
  /** What follows from each list, as last read. */
  readonly #below = new Map<string, Set<string>>();
  /** Of lists that are being looked at: what was found so far. */
  readonly #listing = new Map<string, Set<string>>();
  readonly #leaves = new Map<string, FollowedLeaf>();
  readonly #paced: PacedLeaves;
  /** What could not be read, and is tried again. */
  readonly #failing = new Set<string>();
  /** What the sink was told is unread. */
  readonly #unread = new Set<string>();
  readonly #changes: Debounce;
  #retry: NodeJS.Timeout | undefined;
  #resync: NodeJS.Timeout | undefined;
  /** What is still to be read before everything delivered is current; undefined: nothing is, or there is no connection. */
  #unsynced: Set<string> | undefined;
  #recursive = false;
  /** Counts connections: an answer that comes from a former one is not acted upon. */
  #epoch = 0;

  constructor(layout: Layout, context: FollowContext, sink: TreeSink) {
    this.#layout = layout;
    this.#context = context;
    this.#sink = sink;
    const forget = (node: string): boolean => this.#leaves.delete(node);
    this.#paced = new PacedLeaves({ sink, path: (node) => this.#path(node), forget, log: context.log });
    this.#pattern = new TreePattern(layout.leaves, layout.skipped);
    this.#nodes = new NodeReader(context.client, context.reads);
    this.#reads = new WorkQueue(context.options.concurrentReads, (node) => this.#read(node));
    this.#changes = new Debounce(context.options.debounceMs, (node) => this.#reads.addUrgent(node));
  }

  /** Reads everything: what changed while the client was away is not announced. */
  async connected(): Promise<void> {
    this.disconnected();
    const epoch = this.#epoch;
    try {
      // Before the first read, so that no change falls between the two.
      await this.#context.client.addRecursiveWatch(this.#layout.root);
      if (epoch !== this.#epoch) return;
      this.#recursive = true;
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#recursive = false;
      if (!hasCode(error, UNIMPLEMENTED)) this.#context.log('warn', `cannot watch ${this.#layout.root} as a whole`, { error });
    }
    this.#readAll();
  }

  disconnected(): void {
    this.#epoch++;
    this.#unsynced = undefined;
    this.#reads.clear();
    this.#changes.clear();
    clearTimeout(this.#retry);
    clearTimeout(this.#resync);
    this.#retry = undefined;
  }

  /** As `disconnected`, for good. */
  stop(): void {
    this.disconnected();
    this.#paced.stop();
  }

  event({ kind, path }: ZkEvent): void {
    const { root } = this.#layout;
    if (path !== root && !path.startsWith(`${root}/`)) return;
    for (const { node, child } of this.#pattern.touched(path.slice(root.length + 1))) {
      if (child !== undefined) {
        if (kind === 'data' && !this.#layout.readsData) continue;
        this.#leaves.get(node)?.changed(child);
      }
      this.#changes.touch(node);
    }
  }

  #readAll(): void {
    this.#unsynced = new Set([ROOT]);
    this.#leaves.get(ROOT)?.changed();
    this.#reads.add(ROOT);
  }

  async #read(node: string): Promise<void> {
    const epoch = this.#epoch;
    try {
      await (this.#pattern.isLeaf(node) ? this.#readLeaf(node, epoch) : this.#readList(node, epoch));
    } catch (error) {
      // After a loss everything is read again anyway.
      if (epoch !== this.#epoch || hasCode(error, CONNECTION_LOSS)) return;
      this.#failed(node, error);
      this.#finished(node);
    }
  }

  async #readList(node: string, epoch: number): Promise<void> {
    const names = await this.#nodes.names(this.#path(node), !this.#recursive);
    while (loopShare.isSpent) await loopShare.next();
    if (epoch !== this.#epoch) return;
    // What is below a list that could not be read may have changed unseen.
    const readsAll = this.#recovered(node) || this.#unsynced?.has(node) === true;
    if (names === undefined) this.#missing(node);
    else await this.#listed(node, names, readsAll, epoch);
    if (epoch !== this.#epoch) return;
    this.#finished(node);
  }

  /** In pieces; where it ends before the last one, nothing is lost that was known. */
  async #listed(list: string, names: readonly string[], readsAll: boolean, epoch: number): Promise<void> {
    const known = this.#below.get(list) ?? new Set<string>();
    const listed = new Set<string>();
    this.#below.set(list, known);
    this.#listing.set(list, listed);
    this.#join(list);
    const isCurrent = (): boolean => epoch === this.#epoch && this.#below.get(list) === known;
    await loopShare.each(this.#pattern.below(list, names), (node) => {
      if (!isCurrent()) return false;
      listed.add(node);
      if (known.has(node) && !readsAll) return true;
      known.add(node);
      this.#unsynced?.add(node);
      this.#leaves.get(node)?.changed();
      this.#reads.add(node);
      return true;
    });
    this.#listing.delete(list);
    if (!isCurrent()) return;
    for (const node of known) if (!listed.has(node) && known.delete(node)) this.#drop(node);
    this.#paced.flush();
  }

  async #readLeaf(node: string, epoch: number): Promise<void> {
    const wasGone = this.#paced.isGone(node);
    const names = await this.#nodes.names(this.#path(node), !this.#recursive);
    if (epoch !== this.#epoch) return;
    if (names === undefined) {
      this.#recovered(node);
      this.#missing(node);
      this.#finished(node);
      return;
    }
    if (wasGone) {
      // It is back: what was known of its children may be of those before.
      this.#paced.keep(node);
      this.#leaves.get(node)?.changed();
    }
    const leaf = this.#leaf(node);
    const children = await leaf.children(names, this.#nodes, !this.#recursive);
    while (loopShare.isSpent) await loopShare.next();
    if (epoch !== this.#epoch) return;
    // A list that was read meanwhile may have dropped it.
    const isThere = this.#leaves.get(node) === leaf && !this.#paced.isGone(node);
    const isPending = isThere && this.#announce(node, leaf, children, epoch);
    if (!isPending) this.#finished(node);
  }

  /** @returns whether more will be known soon */
  #announce(node: string, leaf: FollowedLeaf, children: ReadonlyMap<string, Buffer>, epoch: number): boolean {
    this.#join(node);
    leaf.wasAnnounced = true;
    this.#tellReadable(node);
    const { announcements, pending, later, failure = leaf.failure } = leaf.reader.read(children);
    this.#paced.keep(node);
    this.#sink.set(this.#path(node), announcements);
    if (failure === undefined) this.#recovered(node);
    else this.#failed(node, failure);
    for (const more of [pending, later]) void more?.then(() => epoch === this.#epoch && this.#reads.add(node));
    return pending !== undefined;
  }

  #leaf(node: string): FollowedLeaf {
    let leaf = this.#leaves.get(node);
    if (leaf === undefined) {
      const path = this.#path(node);
      leaf = new FollowedLeaf(path, this.#layout, this.#layout.reader(this.#pattern.names(node), path));
      this.#leaves.set(node, leaf);
    }
    return leaf;
  }

  /** A node that an event led to belongs to its list as if it had been listed. */
  #join(node: string): void {
    const list = this.#pattern.parent(node);
    if (list === undefined) return;
    this.#below.get(list)?.add(node);
    this.#listing.get(list)?.add(node);
  }

  #missing(node: string): void {
    this.#drop(node);
    if (node === ROOT) {
      const level = this.#layout.isRequired ? this.#context.unreadLevel : 'debug';
      this.#context.log(level, `${this.#layout.root} does not exist; check root and the address's chroot`);
      if (this.#layout.isRequired) this.#tellUnread(node, 'missing');
    }
    this.#paced.flush();
  }

  /** It and everything below it is gone. */
  #drop(node: string): void {
    for (const each of this.#below.get(node) ?? []) this.#drop(each);
    this.#below.delete(node);
    if (this.#failing.delete(node)) this.#context.faults.end(this.#path(node));
    this.#tellReadable(node);
    if (this.#leaves.has(node)) this.#paced.remove(node);
  }

  #recovered(node: string): boolean {
    this.#tellReadable(node);
    const was = this.#failing.delete(node);
    if (was && this.#context.faults.end(this.#path(node))) this.#context.log('info', `${this.#path(node)} can be read again`);
    return was;
  }

  #failed(node: string, error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const isDenied = hasCode(error, NO_AUTH);
    if (!this.#failing.has(node)) this.#sayFailed(node, cause, isDenied);
    this.#failing.add(node);
    this.#retry ??= setTimeout(() => this.#retryFailing(), this.#context.options.deniedRetryMs);
    if (node === ROOT && this.#layout.isRequired) this.#sink.stale(cause);
    this.#hold(node, isDenied ? 'denied' : 'unparsable');
    this.#paced.flush();
  }

  #sayFailed(node: string, error: Error, isDenied: boolean): void {
    const path = this.#path(node);
    const what = isDenied ? 'not allowed to read' : 'cannot read';
    if (!this.#context.faults.begin(path, `${what}: ${error.message}`)) return;
    const level = this.#isUnread(node) ? this.#context.unreadLevel : 'warn';
    const advice = isDenied ? '; open the node, or give auth that it is open to' : '';
    this.#context.log(level, `${what} ${path}; what was known of it stays in force${advice}`, { error });
  }

  /** Nothing was known of it. */
  #isUnread(node: string): boolean {
    return this.#leaves.get(node)?.wasAnnounced !== true && !this.#below.has(node);
  }

  #hold(node: string, reason: HoldReason): void {
    if (this.#leaves.get(node)?.wasAnnounced) this.#paced.hold(node, reason);
    else if (this.#isUnread(node)) this.#tellUnread(node, reason);
    for (const each of this.#below.get(node) ?? []) this.#hold(each, reason);
  }

  #tellUnread(node: string, reason: HoldReason | 'missing'): void {
    this.#unread.add(node);
    this.#sink.unread(this.#path(node), reason);
  }

  #tellReadable(node: string): void {
    if (this.#unread.delete(node)) this.#sink.readable(this.#path(node));
  }

  #retryFailing(): void {
    this.#retry = undefined;
    for (const node of this.#failing) {
      this.#leaves.get(node)?.changed();
      this.#reads.add(node);
    }
  }

  #finished(node: string): void {
    const epoch = this.#epoch;
    if (this.#failing.has(ROOT) && this.#layout.isRequired) {
      // Once the root can be listed, everything is read.
      this.#unsynced = new Set([ROOT]);
    } else if (this.#unsynced?.delete(node) && this.#unsynced.size === 0) {
      this.#unsynced = undefined;
      clearTimeout(this.#resync);
      // Jitter: proxies that started together do not ask together for ever.
      this.#resync = setTimeout(() => this.#readAll(), this.#context.options.resyncMs * (0.9 + Math.random() / 5));
      this.#paced.afterAll(() => epoch === this.#epoch && this.#unsynced === undefined && this.#sink.synced());
    }
  }

  #path(node: string): string {
    return node === ROOT ? this.#layout.root : `${this.#layout.root}/${node}`;
  }
}
