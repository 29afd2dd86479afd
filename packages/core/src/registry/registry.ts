import type { Endpoint } from '../cluster/endpoint.ts';
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

/** Why a service's last known endpoints are kept although they cannot be confirmed. */
export type HoldReason = 'denied' | 'disconnected' | 'unparsable';

/** Where an adapter delivers. */
export interface ServiceEntrySink {
  /** An entry without endpoints means: known, and empty. */
  upsert(entry: ServiceEntry): void;
  /** The service itself is gone. */
  remove(host: string): void;
  /** Its last known endpoints stay in force, marked. */
  hold(host: string, reason: HoldReason): void;
  /** A full read is complete: what was delivered is current. */
  synced(): void;
  /** The whole registry is unreachable; everything delivered stays in force. */
  stale(cause: Error): void;
}

/** One configured registry. */
export interface RegistryAdapter {
  /** For logs and the admin listener: type and address. */
  readonly name: string;
  /** Nothing is delivered before it is called. Resolves once it runs, whether or not the registry is reachable. */
  start(sink: ServiceEntrySink): Promise<void>;
  /** Idempotent. Nothing is delivered after it resolves. */
  stop(): Promise<void>;
}

/** What a registry adapter may use of the running proxy. */
export interface RegistryContext {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
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
