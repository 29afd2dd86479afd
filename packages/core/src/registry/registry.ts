import type { Endpoint } from '../cluster/endpoint.ts';
import type { ServiceCall } from '../protocol/calls.ts';
import type { EndpointRule } from './endpoint-rule.ts';

/** Who a service is. Two services with one name and different groups or versions are different services. */
export interface ServiceIdentity {
  /** The interface, exactly as the wire says it. */
  readonly name: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
}

/** A port of a service, after Istio's ServicePort. */
export interface ServicePort {
  readonly name: string;
  readonly number: number;
  /** Istio's protocol, upper case: TCP, HTTP2, ... */
  readonly protocol: string;
}

/** A service as the mesh sees it, after Istio's ServiceEntry. Each value is whole, never a delta. */
export interface ServiceEntry {
  /** DNS-legal, deterministic, collision-free. */
  readonly host: string;
  /** Further hosts of a hand-written entry. */
  readonly aliases: readonly string[];
  /** undefined for a hand-written entry that does not say: its hosts are compared with the interface, ignoring case. */
  readonly identity: ServiceIdentity | undefined;
  /** Codec that its endpoints speak, from the port's protocol or the first word of its name; undefined: whatever the listener speaks. */
  readonly protocol: string | undefined;
  readonly resolution: 'STATIC' | 'DNS' | 'NONE';
  readonly location: 'MESH_INTERNAL' | 'MESH_EXTERNAL';
  readonly ports: readonly ServicePort[];
  /** Number of the port that `endpoints` are of; absent: there is one port. */
  readonly port?: number;
  readonly endpoints: readonly Endpoint[];
  readonly annotations: ReadonlyMap<string, string>;
  /** The registry's own rules on which endpoints take which requests; absent: there are none. */
  readonly endpointRules?: readonly EndpointRule[];
  /** File position or registry path. */
  readonly origin: string;
}

/** Why a service's last known endpoints are kept although they cannot be confirmed; `guarded`: too many vanished at once, as core judges it. */
export type HoldReason = 'denied' | 'disconnected' | 'unparsable' | 'guarded';

/** Where an adapter delivers. */
export interface ServiceEntrySink {
  /** An entry without endpoints means: known, and empty. */
  upsert(entry: ServiceEntry): void;
  /** The service itself is gone. */
  remove(host: string): void;
  /** So many endpoints are about to go with services that are removed piece by piece from now on: a guard judges before the first is gone. */
  losing?(endpoints: number): void;
  /** Its last known endpoints stay in force, marked. */
  hold(host: string, reason: HoldReason): void;
  /**
   * A part of the registry that was not read before cannot be read: what it announces is not known. `missing`: a whole tree is not there.
   * Said again at each reading that fails; `synced` comes all the same.
   * @param origin registry path
   */
  unread?(origin: string, reason: HoldReason | 'missing'): void;
  /** What was said to be unread was read now, or is gone. @param origin as `unread` said it */
  readable?(origin: string): void;
  /** A full read is complete: what was delivered is current. */
  synced(): void;
  /** The whole registry is unreachable; everything delivered stays in force. */
  stale(cause: Error): void;
}

/** One configured registry. */
export interface RegistryAdapter {
  /** For logs and the admin listener: type and address. */
  readonly name: string;
  /** The session it reads in, as the registry numbers them; undefined while there is none. */
  readonly session?: string | undefined;
  /** Nothing is delivered before it is called. Resolves once it runs, whether or not the registry is reachable. */
  start(sink: ServiceEntrySink): Promise<void>;
  /** Idempotent. Nothing is delivered after it resolves. */
  stop(): Promise<void>;
}

/** Whom a registry adapter calls. */
export interface CallOptions {
  /** Name of a codec with calls. */
  readonly protocol: string;
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
  /** Milliseconds, from the connection on to the answer's last byte. */
  readonly timeoutMs: number;
}

/** What a registry adapter may use of the running proxy. */
export interface RegistryContext {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Whether the program shows people what sinks hear of `unread` and `stale`, so that neither needs a warning in the log. Absent: it does not. */
  readonly showsFaults?: boolean;
  /** Folder that names of files are relative to: the bootstrap file's. Absent: the one that the program was started in. */
  readonly directory?: string;
  /**
   * Calls a service over a plain connection of its own, once: with a value as the codec documents it, or with the reason why there is none.
   * Few calls are under way at a time, in order of arrival; all end when the proxy stops. Absent: this program calls nobody.
   */
  readonly call?: (call: ServiceCall, options: CallOptions) => Promise<unknown>;
}

/** What a registry plugin exports. */
export interface RegistryAdapterFactory {
  /** As the bootstrap's `registries[].type` names it. */
  readonly type: string;
  /**
   * @param config the bootstrap's entry, without `type`
   * @throws ConfigError when it does not fit; core adds the position
   */
  create(config: Readonly<Record<string, unknown>>, context: RegistryContext): RegistryAdapter;
}
