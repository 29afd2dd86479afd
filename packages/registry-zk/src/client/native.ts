import { AddressBook } from './address-book.ts';
import { reconnectDelayMs } from './backoff.ts';
import type { CreateOptions, ZkAcl, ZkClient, ZkClientOptions, ZkListener, ZkNode, ZkStat, ZkState } from './client.ts';
import { parseConnectString, type ZkHost } from './connect-string.ts';
import { CONNECTION_LOSS, NO_NODE, UNIMPLEMENTED, ZkError } from './errors.ts';
import type { NativeConstructor, NativeStat } from './native-module.ts';
import { type NativeRequest, NativeSession, type NativeWatch, sessionId } from './native-session.ts';
import { ANY_VERSION, createFlags } from './records.ts';

const ALL_PERMISSIONS = 31;
const ACLS = {
  open: [{ perms: ALL_PERMISSIONS, scheme: 'world', auth: 'anyone' }],
  creator: [{ perms: ALL_PERMISSIONS, scheme: 'auth', auth: '' }],
} as const;

/** A request that waits for a connection. */
interface Waiting {
  run(session: NativeSession): void;
  fail(cause: Error): void;
}

/**
 * The client of the npm package `zookeeper`, which wraps ZooKeeper's own in C. Without TLS, recursive watches and a limit for replies; what
 * else it lacks is made up for here: names are looked up off the event loop, an ended session is followed by a new one, and so is one for
 * which no server could be found within its timeout.
 */
export class NativeZkClient implements ZkClient {
  readonly #options: ZkClientOptions;
  readonly #listener: ZkListener;
  readonly #native: NativeConstructor;
  readonly #hosts: readonly ZkHost[];
  readonly #addresses: AddressBook;
  readonly #chroot: string;
  #state: ZkState = 'connecting';
  #session: NativeSession | undefined;
  #begun = false;
  #isNew = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Runs while there is no connection. */
  #patience: NodeJS.Timeout | undefined;
  #waiting: Waiting[] = [];

  /** @throws Error when the address is malformed or TLS is asked for */
  constructor(options: ZkClientOptions, listener: ZkListener, native: NativeConstructor) {
    if (options.tls !== undefined) throw new Error('the native driver has no TLS');
    const { hosts, chroot } = parseConnectString(options.address);
    this.#options = options;
    this.#listener = listener;
    this.#native = native;
    this.#hosts = hosts;
    this.#chroot = chroot;
    this.#addresses = new AddressBook(options.lookup);
  }

  get state(): ZkState {
    return this.#state;
  }

  get sessionId(): bigint {
    return this.#session?.id ?? 0n;
  }

  connect(): void {
    if (this.#state === 'closed' || this.#begun) return;
    this.#begun = true;
    void this.#begin();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#retry);
    clearTimeout(this.#patience);
    const cause = new Error('the client was closed');
    this.#failWaiting(cause);
    // Not from inside a callback of the C client, whose memory it frees.
    await new Promise((resolve) => setImmediate(resolve));
    this.#session?.close(cause);
  }

  getChildren(path: string, watch: boolean): Promise<readonly string[]> {
    const full = this.#full(path);
    return this.#request(
      path,
      (handle, done) => handle.a_get_children(full, watch, (code, _message, names) => done(code, () => names)),
      watch ? { kind: 'children', path: full } : undefined,
    );
  }

  async getData(path: string, watch: boolean): Promise<Buffer> {
    return (await this.getNode(path, watch)).data;
  }

  getNode(path: string, watch: boolean): Promise<ZkNode> {
    const full = this.#full(path);
    return this.#request(
      path,
      (handle, done) =>
        handle.a_get(full, watch, (code, _message, stat, data) =>
          done(code, () => ({ data: data ?? Buffer.alloc(0), stat: statOf(stat) })),
        ),
      watch ? { kind: 'node', path: full } : undefined,
    );
  }

  exists(path: string, watch: boolean): Promise<boolean> {
    const full = this.#full(path);
    return this.#request(
      path,
      (handle, done) => handle.a_exists(full, watch, (code) => done(code === NO_NODE ? 0 : code, () => code === 0)),
      watch ? { kind: 'node', path: full } : undefined,
    );
  }

  /** An ACL is set right after, for the C client's wrapper creates nodes open to anyone only. */
  async create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<void> {
    const bytes = Buffer.from(data);
    await this.#request<void>(path, (handle, done) =>
      handle.a_create(this.#full(path), bytes, createFlags(options), (code) => done(code, () => undefined)),
    );
    if (options.acl !== undefined && options.acl !== 'open') await this.setAcl(path, options.acl);
  }

  setAcl(path: string, acl: ZkAcl): Promise<void> {
    return this.#request(path, (handle, done) =>
      handle.a_set_acl(this.#full(path), ANY_VERSION, ACLS[acl], (code) => done(code, () => undefined)),
    );
  }

  setData(path: string, data: Uint8Array, version = ANY_VERSION): Promise<ZkStat> {
    const bytes = Buffer.from(data);
    return this.#request(path, (handle, done) =>
      handle.a_set(this.#full(path), bytes, version, (code, _message, stat) => done(code, () => statOf(stat))),
    );
  }

  delete(path: string, version = ANY_VERSION): Promise<void> {
    return this.#request(path, (handle, done) => handle.a_delete_(this.#full(path), version, (code) => done(code, () => undefined)));
  }

  addRecursiveWatch(path: string): Promise<void> {
    return Promise.reject(new ZkError(UNIMPLEMENTED, path, 'the native driver has no recursive watches'));
  }

  async #begin(): Promise<void> {
    const servers = await this.#servers();
    if (this.#state === 'closed') return;
    if (servers instanceof Error) {
      this.#lost(servers);
      this.#beginLater();
      return;
    }
    this.#isNew = true;
    const { auth, sessionTimeoutMs } = this.#options;
    this.#session = new NativeSession(
      this.#native,
      { servers, auth, timeoutMs: sessionTimeoutMs },
      {
        connected: () => this.#connected(),
        connecting: () => this.#lost(new ZkError(CONNECTION_LOSS, undefined, 'the C client lost its connection')),
        ended: (cause) => {
          this.#lost(cause);
          this.#beginLater();
        },
        event: ({ kind, path }) => {
          const own = path.startsWith(this.#chroot) ? path.slice(this.#chroot.length) || '/' : path;
          if (this.#state !== 'closed') this.#listener.event({ kind, path: own });
        },
      },
    );
    this.#waitForServer();
  }

  #beginLater(): void {
    clearInterval(this.#patience);
    this.#session = undefined;
    this.#retry = setTimeout(() => void this.#begin(), reconnectDelayMs(this.#failures++));
  }

  /** All addresses of all hosts, in the C client's form: it would look names up itself, and stop the event loop for as long as that takes. */
  async #servers(): Promise<string | Error> {
    const { connectTimeoutMs } = this.#options;
    const found = await Promise.all(this.#hosts.map((host) => within(connectTimeoutMs, this.#addresses.all(host.host), host)));
    const servers = found.flatMap((addresses, i) =>
      addresses instanceof Error ? [] : addresses.map((each) => `${each}:${this.#hosts[i]?.port}`),
    );
    const problem = found.find((each) => each instanceof Error);
    return servers.length === 0 && problem instanceof Error ? problem : servers.join(',');
  }

  #connected(): void {
    if (this.#state === 'closed' || this.#session === undefined) return;
    clearInterval(this.#patience);
    this.#failures = 0;
    this.#state = 'connected';
    for (const waiting of this.#waiting.splice(0)) waiting.run(this.#session);
    const isNew = this.#isNew;
    this.#isNew = false;
    this.#listener.connected(isNew);
  }

  #lost(cause: Error): void {
    if (this.#state === 'closed') return;
    const wasConnected = this.#state === 'connected';
    this.#state = 'connecting';
    this.#failWaiting(cause);
    if (wasConnected) this.#waitForServer();
    this.#listener.disconnected(cause);
  }

  // The C client tells of no attempt that failed, and goes on for ever where servers refuse the session, as those do that lost their data.
  #waitForServer(): void {
    const { connectTimeoutMs, sessionTimeoutMs } = this.#options;
    const since = performance.now();
    clearInterval(this.#patience);
    this.#patience = setInterval(() => {
      const cause = new ZkError(CONNECTION_LOSS, undefined, `no server has answered within ${connectTimeoutMs} ms`);
      this.#lost(cause);
      if (this.#state !== 'connecting' || performance.now() - since < sessionTimeoutMs) return;
      this.#session?.close(cause);
      this.#beginLater();
    }, connectTimeoutMs);
  }

  #request<T>(path: string, run: NativeRequest<T>, watch?: NativeWatch): Promise<T> {
    if (this.#state === 'connected' && this.#session !== undefined) return this.#session.request(path, run, watch);
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => reject(new ZkError(CONNECTION_LOSS, path, cause.message, cause));
      if (this.#state === 'closed') fail(new Error('the client is closed'));
      else this.#waiting.push({ fail, run: (session) => session.request(path, run, watch).then(resolve, reject) });
    });
  }

  #failWaiting(cause: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(cause);
  }

  #full(path: string): string {
    return path === '/' && this.#chroot !== '' ? this.#chroot : this.#chroot + path;
  }
}

function statOf({ version, ephemeralOwner, ctime, mtime }: NativeStat): ZkStat {
  return { version, ephemeralOwner: sessionId(ephemeralOwner), createdAt: ctime.getTime(), changedAt: mtime.getTime() };
}

async function within(ms: number, addresses: Promise<readonly string[]>, { host }: ZkHost): Promise<readonly string[] | Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new ZkError(CONNECTION_LOSS, undefined, `${host}: no address within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([late, addresses]);
  } catch (error) {
    return new ZkError(CONNECTION_LOSS, undefined, `${host}: ${error instanceof Error ? error.message : String(error)}`, error);
  } finally {
    clearTimeout(timer);
  }
}
