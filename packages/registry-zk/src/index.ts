import { type Plugin, SPI_VERSION } from '@polywire/core/spi';
import { zookeeperFactory } from './adapter.ts';
import { zookeeperPublisherFactory } from './publish/publisher.ts';

/** The registries of this package. */
export const plugin: Plugin = {
  name: '@polywire/registry-zk',
  spiVersion: SPI_VERSION,
  registries: [zookeeperFactory],
  publishers: [zookeeperPublisherFactory],
};
