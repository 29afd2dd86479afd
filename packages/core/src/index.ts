export { SPI_VERSION } from './plugin/plugin.ts';
