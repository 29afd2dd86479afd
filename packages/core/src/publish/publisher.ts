import type { RegistryConfig } from '../config/bootstrap-model.ts';
import type { RegistryContext, ServiceEntry, ServiceIdentity } from '../registry/registry.ts';

/** Where callers are told to connect to. */
export interface PublishedAddress {
  /** IP address or host name, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A service that the listener routes. What did not change between two deliveries is the same object. */
export interface PublishedService {
  readonly identity: ServiceIdentity;
  /** Codec, of those that the listener speaks, by which its callers come. */
  readonly protocol: string;
  /** What its registries announce of it, at least one endpoint in all. Empty: only files do, and callers' parameters are not known. */
  readonly registered: readonly ServiceEntry[];
  /** What announces it, files included; never empty. */
  readonly entries: readonly ServiceEntry[];
}

/** One published service, as the admin listener shows it. */
export interface PublishedServiceStatus {
  /** As messages name it, with its protocol where that matters. */
  readonly service: string;
  /** Where it stands, or is to stand, in the registry. */
  readonly places: readonly string[];
  readonly state: 'published' | 'pending' | 'failed';
  /** Why it failed; undefined when it did not. */
  readonly reason: string | undefined;
}

/** How a publisher is doing. */
export interface PublisherStatus {
  readonly name: string;
  /** `host:port` that callers are told; undefined before it is known. */
  readonly address: string | undefined;
  /** `published`: everything stands; `behind`: something is on its way or failed; `disconnected`: the registry is away; `withdrawn`: nothing stands. */
  readonly state: 'starting' | 'published' | 'behind' | 'disconnected' | 'withdrawn';
  /** What it stands by, as the registry numbers it; undefined: there is none. */
  readonly session: string | undefined;
  /** Why it is not `published`, as far as that is a fault; undefined: nothing is wrong. */
  readonly problem: string | undefined;
  readonly services: readonly PublishedServiceStatus[];
}

/** Registers Polywire itself, in one place, as the provider of what one listener routes. */
export interface Publisher {
  /** For logs and the admin listener: type and place. */
  readonly name: string;
  /** Connects, and keeps at it until it is withdrawn; resolves whether or not the registry is reachable. Nothing is published before it is called. */
  start(address: PublishedAddress): Promise<void>;
  /** The whole set: what was published before and is not in it is taken back. Returns at once. */
  publish(services: readonly PublishedService[]): void;
  /** Takes everything back; resolves when nothing stands, or when nothing more can be done about it. Idempotent. */
  withdraw(): Promise<void>;
  /** Idempotent; withdraws what stands. */
  stop(): Promise<void>;
  status(): PublisherStatus;
}

/** What a publisher may know and use of the running proxy. */
export interface PublisherContext extends RegistryContext {
  /** Unlike that of any other running Polywire; what is published carries it, so that no Polywire takes it for a provider. */
  readonly instance: string;
  /** Codecs that the listener speaks. */
  readonly protocols: readonly string[];
  /** Whether the listener's callers come by TLS. */
  readonly tls: boolean;
  /** Registries that Polywire reads: what is published must not end up there. */
  readonly registries: readonly Pick<RegistryConfig, 'type' | 'config'>[];
}

/** What a publishing plugin exports. */
export interface PublisherFactory {
  /** As the bootstrap's `publish[].type` names it. */
  readonly type: string;
  /**
   * @param config the bootstrap's entry, without what is core's own
   * @throws ConfigError when it does not fit; core adds the position
   */
  create(config: Readonly<Record<string, unknown>>, context: PublisherContext): Publisher;
}
