import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { FilterFactory } from '../filter/filter.ts';
import type { CodecCore, FrameProtocol } from '../protocol/spi.ts';
import type { RegistryAdapterFactory } from '../registry/registry.ts';

/** Version of the plugin interfaces. Raised when a plugin written against the former one would break. */
export const SPI_VERSION = 1;

/** Creates a protocol. The frame type is the plugin's own affair: core only hands frames back to the codec that made them. */
export type FrameProtocolFactory = (core: CodecCore) => FrameProtocol;

/** What a plugin module exports under the name `plugin`. */
export interface Plugin {
  readonly name: string;
  readonly spiVersion: number;
  readonly protocols?: readonly FrameProtocolFactory[];
  readonly filters?: readonly FilterFactory[];
  readonly registries?: readonly RegistryAdapterFactory[];
  readonly loadBalancers?: readonly LoadBalancerFactory[];
}
