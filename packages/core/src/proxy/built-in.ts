import { BALANCERS } from '../cluster/lb/built-in.ts';
import { type Plugin, SPI_VERSION } from '../plugin/plugin.ts';

/** What core itself brings, by the door that every plugin takes: its load balancers. */
export const builtIn: Plugin = { name: '@polywire/core', spiVersion: SPI_VERSION, loadBalancers: [...BALANCERS.values()] };
