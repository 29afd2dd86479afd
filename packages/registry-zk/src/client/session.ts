import { AddressBook } from './address-book.ts';
import { reconnectDelayMs, shuffled } from './backoff.ts';
import type { ZkClientOptions, ZkListener, ZkState } from './client.ts';
import { parseConnectString, type ZkHost } from './connect-string.ts';
import { ZkConnection } from './connection.ts';
import { AUTH_FAILED, CONNECTION_LOSS, REPLY_TOO_LARGE, UNIMPLEMENTED, ZkError } from './errors.ts';
import { JuteError, JuteReader } from './jute.ts';
import { type Pending, pend, type ZkRequest } from './pending.ts';
import {
  authRequest,
  closeRequest,
  connectRequest,
  readEvent,
  readReplyHeader,
  type SessionTicket,
  XID_AUTH,
  XID_NOTIFICATION,
  XID_PING,
  XID_SET_WATCHES,
} from './records.ts';
import { Watches } from './watches.ts';

const MAX_XID = 0x7fff_ffff;
const CLOSE_TIMEOUT_MS = 1_000;
/** Handshakes that every server closes unanswered, in a row and per server, before the session is given up as unknown to them. */
const REFUSALS_PER_HOST = 3;

/** A ZooKeeper session across connections: who we are, what waits for an answer, what is watched. */
export class ZkSession {
  readonly chroot: string;
  readonly watches = new Watches();
  readonly #options: ZkClientOptions;
  readonly #listener: ZkListener;
  readonly #hosts: readonly ZkHost[];
  readonly #addresses: AddressBook;
  /** Servers before 3.6, by address. Each drops the connection when it is asked for a recursive watch, so it is asked once. */
  readonly #withoutRecursive = new Set<string>();
  #state: ZkState = 'connecting';
  #ticket: SessionTicket;
  #isNew = true;
  #lastZxid = 0n;
  #lastXid = 0;
  #attempts = 0;
  #failures = 0;
  #refusals = 0;
  #establishedAt = 0;
  #connection: ZkConnection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #unsent: Pending[] = [];
  readonly #sent = new Map<number, Pending>();
  #closing: Promise<void> | undefined;
  #onClosed: (() => void) | undefined;

  /** @throws Error when the address is malformed */
  constructor(options: ZkClientOptions, listener: ZkListener) {
    const { hosts, chroot } = parseConnectString(options.address);
    this.#options = options;
    this.#listener = listener;
    this.#hosts = shuffled(hosts);
    this.#addresses = new AddressBook(options.lookup);
    this.chroot = chroot;
    this.#ticket = this.#blankTicket();
  }

  get state(): ZkState {
    return this.#state;
  }

  /** 0 before the first session and once it was lost for good. */
  get id(): bigint {
    return this.#ticket.id;
  }

  /** False when the server at hand is known to have none. */
  get recursiveWatches(): boolean {
    return !this.#withoutRecursive.has(this.#connection?.peer ?? '');
  }

  /** The server at hand has said so. */
  noRecursiveWatches(): void {
    if (this.#connection !== undefined) this.#withoutRecursive.add(this.#connection.peer);
    this.watches.recursive.clear();
  }

  connect(): void {
    if (this.#state === 'closed' || this.#connection !== undefined || this.#retry !== undefined) return;
    this.#open();
  }

  request<T>(request: ZkRequest<T>): Promise<T> {
    const xid = this.#nextXid();
    const { pending, result } = pend(xid, request);
    if (this.#state === 'closed') pending.fail(CONNECTION_LOSS, new Error('the client is closed'));
    else {
      this.#sent.set(xid, pending);
      if (this.#state === 'connected') this.#connection?.send(pending.packet);
      else this.#unsent.push(pending);
    }
    return result;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#retry);
    this.#failPending(new Error('the client was closed'));
    const connection = this.#connection;
    if (connection?.open) {
      // The server answers and hangs up; ephemeral nodes go with the session.
      const timer = setTimeout(() => connection.destroy('closing took too long'), CLOSE_TIMEOUT_MS);
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
        connection.send(closeRequest(this.#nextXid()));
      });
      clearTimeout(timer);
    }
    this.#connection?.destroy('closed by us');
  }

  #nextXid(): number {
    this.#lastXid = this.#lastXid === MAX_XID ? 1 : this.#lastXid + 1;
    return this.#lastXid;
  }

  #blankTicket(): SessionTicket {
    return { id: 0n, password: Buffer.alloc(16), timeoutMs: this.#options.sessionTimeoutMs };
  }

  #open(): void {
    const host = this.#hosts[this.#attempts++ % this.#hosts.length];
    if (host === undefined) return;
    const { connectTimeoutMs, maxPacketBytes, tls } = this.#options;
    const ticket = { ...this.#ticket, timeoutMs: this.#options.sessionTimeoutMs };
    const greeting = connectRequest(ticket, this.#lastZxid);
    const target = { host, lookup: this.#addresses.lookup, tls, connectTimeoutMs, maxPacketBytes, greeting };
    try {
      this.#connection = new ZkConnection(target, {
        established: (granted) => this.#established(granted),
        packet: (packet) => this.#packet(packet),
        oversized: (header, length) => this.#oversized(header, length),
        closed: (cause, refused) => this.#lost(cause, refused),
      });
    } catch (error) {
      this.#lost(new ZkError(CONNECTION_LOSS, undefined, messageOf(error), error), false);
    }
  }

  #established(granted: SessionTicket | undefined): void {
    this.#refusals = 0;
    if (granted === undefined) {
      this.#forgetSession();
      this.#connection?.destroy('session expired');
      return;
    }
    if (this.#state === 'closed') return;
    this.#ticket = granted;
    this.#establishedAt = performance.now();
    this.#state = 'connected';
    // Order matters: the server handles packets in order, so nothing is asked before we are known and the watches stand.
    if (this.#options.auth !== undefined) this.#connection?.send(authRequest(this.#options.auth));
    if (!this.recursiveWatches) this.watches.recursive.clear();
    for (const packet of this.watches.rearm(this.#lastZxid)) this.#connection?.send(packet);
    for (const pending of this.#unsent.splice(0)) this.#connection?.send(pending.packet);
    const isNew = this.#isNew;
    this.#isNew = false;
    this.#listener.connected(isNew);
  }

  #lost(cause: Error, refused: boolean): void {
    this.#connection = undefined;
    if (this.#state === 'closed') {
      this.#onClosed?.();
      return;
    }
    this.#countFailure(refused);
    this.#state = 'connecting';
    this.#failPending(cause);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#open();
    }, reconnectDelayMs(this.#failures));
    this.#listener.disconnected(cause);
  }

  #countFailure(refused: boolean): void {
    const lasted = this.#state === 'connected' && performance.now() - this.#establishedAt > this.#ticket.timeoutMs / 3;
    this.#failures = lasted ? 0 : this.#failures + 1;
    if (!refused) return;
    // A server refuses whoever has seen newer transactions than its own. When all do, again and again, their data was replaced.
    this.#refusals++;
    if (this.#refusals < REFUSALS_PER_HOST * this.#addresses.count(this.#hosts)) return;
    this.#refusals = 0;
    this.#lastZxid = 0n;
    this.#forgetSession();
  }

  #forgetSession(): void {
    this.#ticket = this.#blankTicket();
    this.#isNew = true;
    this.watches.clear();
  }

  #failPending(cause: Error): void {
    this.#unsent = [];
    const lost = [...this.#sent.values()];
    this.#sent.clear();
    for (const pending of lost) pending.fail(CONNECTION_LOSS, cause);
  }

  #packet(packet: Buffer): void {
    const reader = new JuteReader(packet);
    const { xid, zxid, code } = readReplyHeader(reader);
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid === XID_PING) return;
    if (xid === XID_NOTIFICATION) this.#notified(reader);
    else if (xid === XID_AUTH) this.#authenticated(code);
    else if (xid === XID_SET_WATCHES) this.#rearmed(code);
    else this.#takeSent(xid)?.answer(code, reader);
  }

  #oversized(header: Buffer, length: number): void {
    const { xid } = readReplyHeader(new JuteReader(header));
    const { maxPacketBytes } = this.#options;
    this.#takeSent(xid)?.fail(REPLY_TOO_LARGE, new Error(`${length} bytes, the limit (maxPacketSize) is ${maxPacketBytes}`));
  }

  #takeSent(xid: number): Pending | undefined {
    const pending = this.#sent.get(xid);
    if (pending === undefined && this.#state !== 'closed') throw new JuteError(`answer to unknown request ${xid}`);
    this.#sent.delete(xid);
    return pending;
  }

  #notified(reader: JuteReader): void {
    const event = readEvent(reader);
    if (event === undefined || this.#state === 'closed') return;
    this.watches.fired(event);
    const path = event.path.startsWith(this.chroot) ? event.path.slice(this.chroot.length) || '/' : event.path;
    this.#listener.event({ kind: event.kind, path });
  }

  #authenticated(code: number): void {
    if (code !== 0) this.#connection?.destroy('credentials refused', new ZkError(AUTH_FAILED, undefined));
  }

  // Only the packet with recursive watches can be unknown to a server, which closes the connection behind its answer.
  #rearmed(code: number): void {
    if (code === UNIMPLEMENTED) this.noRecursiveWatches();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
