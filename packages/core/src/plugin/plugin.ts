import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { FilterFactory } from '../filter/filter.ts';
import type { CodecCore } from '../protocol/spi.ts';
import type { Protocol } from '../protocol/streaming.ts';
import type { PublisherFactory } from '../publish/publisher.ts';
import type { RegistryAdapterFactory } from '../registry/registry.ts';

/** Version of the plugin interfaces. Raised when a plugin written against the former one would break. */
export const SPI_VERSION = 1;

/** Creates a protocol. What its frames or heads are is the plugin's own affair: core only hands them back to the protocol that made them. */
export type ProtocolFactory = (core: CodecCore) => Protocol;

/** What a plugin module exports under the name `plugin`. */
export interface Plugin {
  readonly name: string;
  readonly spiVersion: number;
  readonly protocols?: readonly ProtocolFactory[];
  readonly filters?: readonly FilterFactory[];
  readonly registries?: readonly RegistryAdapterFactory[];
  readonly publishers?: readonly PublisherFactory[];
  readonly loadBalancers?: readonly LoadBalancerFactory[];
}
