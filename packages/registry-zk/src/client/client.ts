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
   * a recursive watch replays nothing, and a server that knows none has dropped it. Whoever relies on one sets it again, then reads.
   * @param newSession one-shot watches and ephemeral nodes of before are gone
   */
  connected(newSession: boolean): void;
  /** A connection or an attempt to connect failed; the next attempt is under way. */
  disconnected(cause: Error): void;
  event(event: ZkEvent): void;
}

/** All permissions for anyone, or for whoever presents the creator's `auth`. */
export type ZkAcl = 'open' | 'creator';

/** How a node is created; without a kind it stays until it is deleted. */
export interface CreateOptions {
  /** It goes when the session that created it ends. */
  readonly ephemeral?: boolean;
  /** It goes a while after its last child did. Servers before 3.5.3 answer UNIMPLEMENTED and drop the connection. */
  readonly container?: boolean;
  /** Default `open`. */
  readonly acl?: ZkAcl;
}

/** What a server knows of a node beside its data. */
export interface ZkStat {
  /** Counts changes of its data. */
  readonly version: number;
  /** The session that an ephemeral node goes with; 0 for others. */
  readonly ephemeralOwner: bigint;
  /** When it was created, by the server's clock, in ms since 1970. */
  readonly createdAt: number;
  /** When its data was last set, likewise. */
  readonly changedAt: number;
}

/** A node as it was at one moment. */
export interface ZkNode {
  readonly data: Buffer;
  readonly stat: ZkStat;
}

/** `connecting` until the first handshake and after every loss. */
export type ZkState = 'connecting' | 'connected' | 'closed';

/**
 * A ZooKeeper client. Requests made while it is connecting wait for the attempt under way and fail with CONNECTION_LOSS when that fails:
 * none waits for ever. Failures are ZkErrors.
 */
export interface ZkClient {
  readonly state: ZkState;
  /** The session's id, as in `ZkStat.ephemeralOwner`; 0 while there is none. */
  readonly sessionId: bigint;
  /** Starts to connect, and keeps at it until `close()`. */
  connect(): void;
  /** Child names, without order. A watch is set only when the node exists. */
  getChildren(path: string, watch: boolean): Promise<readonly string[]>;
  /** A watch is set only when the node exists. */
  getData(path: string, watch: boolean): Promise<Buffer>;
  /** As `getData`, with what the server knows of the node. */
  getNode(path: string, watch: boolean): Promise<ZkNode>;
  /** The watch is set either way: it tells of creation, change and deletion. */
  exists(path: string, watch: boolean): Promise<boolean>;
  create(path: string, data: Uint8Array, options?: CreateOptions): Promise<void>;
  /** Who may do everything with the node: anyone, or whoever presents the same `auth`. */
  setAcl(path: string, acl: ZkAcl): Promise<void>;
  /** @param version fails with BAD_VERSION when the node has another; absent: whatever it has */
  setData(path: string, data: Uint8Array, version?: number): Promise<ZkStat>;
  /** @param version as of `setData` */
  delete(path: string, version?: number): Promise<void>;
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

/** TLS to the servers' `secureClientPort`. Files in PEM, read at each connect. */
export interface ZkTls {
  /** Who signs the servers' certificates; absent: the CAs that Node trusts. */
  readonly ca?: string | undefined;
  /** Our own certificate, for servers that ask for one, with its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that certificates must be for; absent: the host as the address says it. */
  readonly serverName?: string | undefined;
}

/** All addresses of a host name. */
export type ZkLookup = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** How a client connects. */
export interface ZkClientOptions {
  /** `host:port[,host:port...][/chroot]` */
  readonly address: string;
  readonly auth?: ZkDigestAuth | undefined;
  readonly tls?: ZkTls | undefined;
  /** Default: the system's resolver. */
  readonly lookup?: ZkLookup | undefined;
  /** Wanted session timeout in ms; the server may grant another. */
  readonly sessionTimeoutMs: number;
  /** For name look-up, TCP connect and handshake together, in ms. */
  readonly connectTimeoutMs: number;
  /** Bytes of the largest reply that is read. */
  readonly maxPacketBytes: number;
}
