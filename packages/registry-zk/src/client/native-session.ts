import type { ZkDigestAuth, ZkEvent, ZkEventKind } from './client.ts';
import { CONNECTION_LOSS, ZkError } from './errors.ts';
import type { NativeConstructor, NativeHandle } from './native-module.ts';

const EVENTS: readonly (readonly [name: string, kind: ZkEventKind])[] = [
  ['created', 'created'],
  ['deleted', 'deleted'],
  ['changed', 'data'],
  ['child', 'children'],
];

// Failures that say of a request only that the connection or the session went: ZCONNECTIONLOSS, ZOPERATIONTIMEOUT, ZINVALIDSTATE,
// ZSESSIONEXPIRED, ZCLOSING, ZSESSIONMOVED.
const LOSSES: ReadonlySet<number> = new Set([CONNECTION_LOSS, -7, -9, -112, -116, -118]);

/**
 * Bytes of watched paths from which a session is not taken up again after a lost connection. The C client sends them in one packet, and
 * servers end the connection over one of 1 MiB (jute.maxbuffer): it would connect and lose the connection for ever.
 */
const MAX_WATCHED_BYTES = 900 * 1024;

const MAX_EMPTY_READS = 100_000;

/** What one session of the C client reports. Nothing after `ended`. */
export interface NativeSessionHandler {
  connected(): void;
  /** The connection is lost; the C client looks for another by itself. */
  connecting(): void;
  /** There is nothing more to come of it. */
  ended(cause: Error): void;
  event(event: ZkEvent): void;
}

/** Makes a request of the C client. */
export type NativeRequest<T> = (handle: NativeHandle, done: (code: number, read: () => T) => void) => number;

/** A one-shot watch. The path is the server's, with chroot. */
export interface NativeWatch {
  readonly kind: 'node' | 'children';
  readonly path: string;
}

/** A session of the C client: its requests, its watches, its end. */
export class NativeSession {
  readonly #handle: NativeHandle;
  readonly #handler: NativeSessionHandler;
  readonly #pending = new Set<(cause: Error) => void>();
  readonly #watched = new Set<string>();
  #watchedBytes = 0;
  #over = false;
  /** It is about to be ended. */
  #ending = false;
  #probes: NodeJS.Timeout | undefined;

  constructor(
    Native: NativeConstructor,
    options: { readonly servers: string; readonly timeoutMs: number; readonly auth: ZkDigestAuth | undefined },
    handler: NativeSessionHandler,
  ) {
    this.#handler = handler;
    this.#handle = new Native();
    const on = (event: string, listener: (detail: unknown) => void): void => {
      this.#handle.on(event, (_handle, detail) => this.#over || listener(detail));
    };
    on('connect', () => {
      // The C client may tell of a lost connection and of the next one in one turn.
      if (this.#ending) return;
      this.#watchOver();
      handler.connected();
    });
    on('connecting', () => this.#connecting());
    // From inside the C client's own call: its memory is in use until the turn is over.
    on('close', (code) => setImmediate(() => this.#end(`the C client ended the session with code ${String(code)}`)));
    for (const [name, kind] of EVENTS) on(name, (path) => typeof path === 'string' && this.#fired({ kind, path }));
    this.#handle.init({
      connect: options.servers,
      timeout: options.timeoutMs,
      debug_level: 0,
      host_order_deterministic: false,
      // By default the wrapper ends the session after ten reads in a row without a whole answer.
      response_counter_limit: MAX_EMPTY_READS,
    });
    // Kept by the C client, and sent ahead of all requests at each connect.
    if (options.auth !== undefined) this.#handle.add_auth('digest', `${options.auth.user}:${options.auth.password}`, () => {});
  }

  get id(): bigint {
    return sessionId(this.#handle.client_id);
  }

  /**
   * Queues a request.
   * @param run answers the code of queueing, and calls back with the code of the answer and how it is read when that is 0
   * @param watch the one-shot watch that a good answer sets
   */
  request<T>(path: string, run: NativeRequest<T>, watch?: NativeWatch): Promise<T> {
    return new Promise((resolve, reject) => {
      const lost = (cause: Error): void => reject(new ZkError(CONNECTION_LOSS, path, cause.message, cause));
      const failed = (code: number): void =>
        reject(LOSSES.has(code) ? new ZkError(CONNECTION_LOSS, path, `the C client's code ${code}`) : new ZkError(code, path));
      const done = (code: number, read: () => T): void => {
        this.#pending.delete(lost);
        if (code !== 0) return failed(code);
        if (watch !== undefined) this.#watching(watch);
        resolve(read());
      };
      if (this.#over) return lost(new Error('the session is over'));
      this.#pending.add(lost);
      const refused = run(this.#handle, done);
      if (refused === 0) return;
      this.#pending.delete(lost);
      failed(refused);
    });
  }

  /** Ends it, if a server can be told so. Blocks while that is said. */
  close(cause: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#probes);
    for (const fail of this.#pending) fail(cause);
    this.#pending.clear();
    this.#handle.close();
  }

  // The wrapper stops looking at its socket when the C client's answer to its timer is an error (`yield` in node-zk.cpp) and the timer is not
  // armed again: then nothing comes any more, not even the news of a lost connection.
  #watchOver(): void {
    const { timeout } = this.#handle;
    let answeredAt = performance.now();
    let asked = false;
    const answered = (): void => {
      asked = false;
      answeredAt = performance.now();
    };
    clearInterval(this.#probes);
    this.#probes = setInterval(() => {
      if (performance.now() - answeredAt > timeout) this.#end(`the C client has not answered for ${timeout} ms`);
      else if (!asked) asked = this.#handle.a_exists('/', false, answered) === 0;
    }, timeout / 3);
  }

  #connecting(): void {
    if (this.#watchedBytes <= MAX_WATCHED_BYTES) {
      this.#handler.connecting();
      return;
    }
    this.#ending = true;
    setImmediate(() => this.#end('connection lost, and too many watches to set them again'));
  }

  #end(reason: string): void {
    if (this.#over) return;
    const cause = new ZkError(CONNECTION_LOSS, undefined, reason);
    this.close(cause);
    this.#handler.ended(cause);
  }

  #watching({ kind, path }: NativeWatch): void {
    const key = `${kind} ${path}`;
    if (this.#watched.has(key)) return;
    this.#watched.add(key);
    this.#watchedBytes += Buffer.byteLength(path) + 4;
  }

  #fired(event: ZkEvent): void {
    if (event.kind !== 'children') this.#forget('node', event.path);
    if (event.kind === 'children' || event.kind === 'deleted') this.#forget('children', event.path);
    this.#handler.event(event);
  }

  #forget(kind: NativeWatch['kind'], path: string): void {
    if (this.#watched.delete(`${kind} ${path}`)) this.#watchedBytes -= Buffer.byteLength(path) + 4;
  }
}

/** Ids are signed here, as in ZooKeeper's protocol. */
export function sessionId(hexadecimal: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hexadecimal}`));
}
