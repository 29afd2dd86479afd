import { type Plugin, SPI_VERSION } from '@polywire/core/spi';

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-thrift', spiVersion: SPI_VERSION, protocols: [] };
