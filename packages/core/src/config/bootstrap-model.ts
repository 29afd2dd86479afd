import type { LogLevel } from '../observe/log.ts';
import type { SocketAddress } from './units.ts';

/** One address that Polywire listens on. */
export interface ListenerConfig {
  /** Unique; names the listener in stats and logs. */
  readonly name: string;
  readonly address: SocketAddress;
  /** Callers come by TLS; undefined: plain. */
  readonly tls: ListenerTlsConfig | undefined;
  /** What is spoken here, asked in this order; empty: bytes are passed on as they are, see `opaque`. */
  readonly protocols: readonly ListenerProtocolConfig[];
  /** How the protocol of a connection is found out; undefined: there is one, and every connection speaks it. */
  readonly detection: DetectionConfig | undefined;
  /** Where every connection goes, byte for byte: of a listener whose only protocol is `tcp`. */
  readonly opaque: OpaqueTarget | undefined;
  /** Sends every request to this one service instead of routing it: the inbound side of a sidecar. */
  readonly upstream: SocketAddress | undefined;
  /** Filters in the order in which a request meets them. */
  readonly filters: readonly FilterConfig[];
  /** `wire`: a caller's own deadline and its mark of being called back are read; `route`: neither, and the route's timeout alone counts. */
  readonly deadline: 'wire' | 'route';
}

/** How callers of a listener come by TLS. Files in PEM, relative to the bootstrap file's folder. */
export interface ListenerTlsConfig {
  /** The certificate, followed by those between it and its CA. */
  readonly cert: string;
  readonly key: string;
  /** Callers must show a certificate of one of these CAs; undefined: they need none. */
  readonly clientCa: string | undefined;
  readonly minVersion: '1.2' | '1.3';
}

/** One protocol of a listener. */
export interface ListenerProtocolConfig {
  /** As its plugin names it. */
  readonly name: string;
  /** Handed to the codec; numbers and booleans as YAML prints them. */
  readonly settings: ReadonlyMap<string, string>;
}

/** How a listener finds out what a connection speaks. */
export interface DetectionConfig {
  /** Milliseconds that the first bytes may take. */
  readonly timeout: number;
  /** Bytes that protocols are asked about at most. */
  readonly maxBytes: number;
  /** What becomes of connections that no protocol recognises. */
  readonly fallback: 'refuse' | OpaqueTarget;
}

/** Where bytes are passed on to: one address, or a service that mesh resources route. */
export interface OpaqueTarget extends SocketAddress {
  readonly kind: 'address' | 'service';
}

/** One filter of a listener. */
export interface FilterConfig {
  /** As its plugin names it. */
  readonly name: string;
  /** Handed to the plugin as written; undefined when not written. */
  readonly config: unknown;
}

/** One registry that announces services. */
export interface RegistryConfig {
  /** As its plugin names it. */
  readonly type: string;
  /** When endpoints that vanish in numbers are kept; undefined: never. */
  readonly guard: RegistryGuardConfig | undefined;
  /** File in which what it announced is kept, relative to the bootstrap file's folder; undefined: none. */
  readonly lastKnownGood: string | undefined;
  /** Everything else, handed to the plugin as written. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** When a loss of endpoints is not believed at once. */
export interface RegistryGuardConfig {
  /** More than this share vanishes, between 0 and 1. */
  readonly loss: number;
  /** Milliseconds for which what vanished stays in force at most. */
  readonly hold: number;
  /** Of at least so many endpoints. */
  readonly least: number;
}

/** One place where Polywire registers itself as the provider of what a listener routes. */
export interface PublishConfig {
  /** As its plugin names it. */
  readonly type: string;
  /** Name of the listener that callers are sent to. */
  readonly listener: string;
  /** As callers reach it; undefined: as the listener is bound. */
  readonly host: string | undefined;
  /** The same. */
  readonly port: number | undefined;
  /** Milliseconds between taking everything back and taking no new connections. */
  readonly grace: number;
  /** Everything else, handed to the plugin as written. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Where a line per request goes. */
export interface AccessLogConfig {
  readonly format: 'text' | 'json';
  /** File to append to, relative to the bootstrap file's folder; undefined: standard output. */
  readonly path: string | undefined;
}

/** What one process may hold at most. Each is checked before the memory is spent. */
export interface LimitsConfig {
  /** Bytes of one frame; a larger one is refused. */
  readonly maxFrameBytes: number;
  /** Bytes of a frame above which it is relayed as it arrives instead of being held whole. */
  readonly relayThresholdBytes: number;
  /** Bytes of a large frame's front held back while a rule in force needs what lies further behind. */
  readonly maxBufferedFrontBytes: number;
  /** Bytes queued towards one caller that does not read; above it the caller is reset. */
  readonly downstreamQueueBytes: number;
  /** Bytes queued towards one upstream connection. */
  readonly upstreamQueueBytes: number;
  readonly maxConnectionsPerListener: number;
  /** Requests of one caller's connection that wait for an answer. */
  readonly maxPendingPerConnection: number;
  /** Milliseconds that a caller's TLS handshake may take, from its connection on. */
  readonly tlsHandshakeTimeout: number;
  /** Milliseconds without a byte after which a caller's connection is closed; 0: never. */
  readonly idleTimeout: number;
  /** Milliseconds without a byte after which a stream whose answer has begun is given up, where nobody set it a deadline; 0: never. */
  readonly streamIdleTimeout: number;
}

/** How Polywire connects to services. */
export interface UpstreamConfig {
  /** Shared connections per endpoint. */
  readonly connections: number;
  /** Connections to one address, of all kinds. */
  readonly maxConnections: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds without traffic after which a connection is probed; 0: never. */
  readonly heartbeatInterval: number;
  /** Milliseconds between attempts to reach an endpoint: doubled from the first to the last. */
  readonly backoff: { readonly initial: number; readonly max: number };
  /** Whether requests that arrive in one read may go to one endpoint together, or each is balanced alone. */
  readonly balance: 'readEvent' | 'request';
}

/** What polywire.yaml says, with defaults filled in. Frozen. Durations are milliseconds, sizes bytes. */
export interface Bootstrap {
  readonly listeners: readonly ListenerConfig[];
  readonly registries: readonly RegistryConfig[];
  readonly publish: readonly PublishConfig[];
  /** Globs of files with mesh resources, as written: relative to the bootstrap file's folder. */
  readonly resources: readonly string[];
  /** Modules to import: package names, or paths relative to the bootstrap file's folder. */
  readonly plugins: readonly string[];
  /** undefined: no admin listener. */
  readonly admin: { readonly address: SocketAddress } | undefined;
  /** undefined: no access log. */
  readonly accessLog: AccessLogConfig | undefined;
  readonly log: { readonly level: LogLevel };
  readonly limits: LimitsConfig;
  readonly upstream: UpstreamConfig;
  /** Milliseconds a request may take when neither caller, route nor registry says; 0: no limit. */
  readonly defaultTimeout: number;
  /** Milliseconds: how long stopping waits for open requests, and how long connections must be quiet to be closed early. */
  readonly drain: { readonly timeout: number; readonly quiet: number };
}
