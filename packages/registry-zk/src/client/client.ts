/** What happened to a watched node. */
export type ZkEventKind = 'created' | 'deleted' | 'data' | 'children';

/** One notification. Its path is the caller's, without chroot. */
export interface ZkEvent {
  readonly kind: ZkEventKind;
  readonly path: string;
}

/** What a client tells its owner. Called synchronously, never after `close()` was called. */
export interface ZkListener {
  /**
   * Requests are answered from now on. Changes that happened while the client was away are announced for one-shot watches only;
   * a recursive watch replays nothing, so whoever relies on one reads again.
   * @param newSession one-shot watches set before are gone
   */
  connected(newSession: boolean): void;
  /** A connection or an attempt to connect failed; the next attempt is under way. */
  disconnected(cause: Error): void;
  event(event: ZkEvent): void;
}

/** All permissions for anyone, or for whoever presents the creator's `auth`. */
export type ZkAcl = 'open' | 'creator';

/** How a node is created. */
export interface CreateOptions {
  readonly ephemeral?: boolean;
  /** Default `open`. */
  readonly acl?: ZkAcl;
}

/** `connecting` until the first handshake and after every loss. */
export type ZkState = 'connecting' | 'connected' | 'closed';

/**
 * A ZooKeeper client. Requests made while it is connecting wait for the attempt under way and fail with CONNECTION_LOSS when that fails:
 * none waits for ever. Failures are ZkErrors.
 */
export interface ZkClient {
  readonly state: ZkState;
  /** Starts to connect, and keeps at it until `close()`. */
  connect(): void;
  /** Child names, without order. A watch is set only when the node exists. */
  getChildren(path: string, watch: boolean): Promise<readonly string[]>;
  getData(path: string, watch: boolean): Promise<Buffer>;
  /** The watch is set either way: it tells of creation, change and deletion. */
  exists(path: string, watch: boolean): Promise<boolean>;
  create(path: string, data: Uint8Array, options?: CreateOptions): Promise<void>;
  /** Who may do everything with the node: anyone, or whoever presents the same `auth`. */
  setAcl(path: string, acl: ZkAcl): Promise<void>;
  /** Whatever its version. */
  delete(path: string): Promise<void>;
  /**
   * A persistent watch on a node and everything below it, whether or not it exists. Announces created, deleted and data.
   * Fails with UNIMPLEMENTED on servers before 3.6; they drop the connection at that.
   */
  addRecursiveWatch(path: string): Promise<void>;
  /** Ends the session. Idempotent. Requests in flight fail. */
  close(): Promise<void>;
}

/** Digest credentials. */
export interface ZkDigestAuth {
  readonly user: string;
  readonly password: string;
}

/** How a client connects. */
export interface ZkClientOptions {
  /** `host:port[,host:port...][/chroot]` */
  readonly address: string;
  readonly auth?: ZkDigestAuth | undefined;
  /** Wanted session timeout in ms; the server may grant another. */
  readonly sessionTimeoutMs: number;
  /** For name look-up, TCP connect and handshake together, in ms. */
  readonly connectTimeoutMs: number;
  /** Bytes of the largest reply that is read. */
  readonly maxPacketBytes: number;
}
