import { type Plugin, SPI_VERSION } from '@polywire/core/spi';

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-bolt', spiVersion: SPI_VERSION, protocols: [] };
