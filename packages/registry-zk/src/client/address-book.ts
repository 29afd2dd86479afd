import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { ZkLookup } from './client.ts';
import type { ZkHost } from './connect-string.ts';

type Addresses = Awaited<ReturnType<ZkLookup>>;

/** Finds the addresses of host names, each time anew, and goes through them in turn: a name may stand for the whole ensemble. */
export class AddressBook {
  readonly #ask: ZkLookup;
  /** A look-up that hangs is waited for by all attempts, so that they do not pile up. */
  readonly #underWay = new Map<string, Promise<Addresses>>();
  readonly #known = new Map<string, number>();
  // Begins anywhere, so that a fleet spreads over an ensemble.
  #turn = Math.floor(Math.random() * 1024);

  constructor(ask: ZkLookup = (host) => systemLookup(host, { all: true })) {
    this.#ask = ask;
  }

  /** In the shape that `net.connect` takes. */
  readonly lookup: LookupFunction = (host, _options, callback) => {
    this.next(host).then(
      ({ address, family }) => callback(null, address, family),
      (error) => callback(error, '', 0),
    );
  };

  /** The address whose turn it is. @throws Error when there is none */
  async next(host: string): Promise<Addresses[number]> {
    const family = isIP(host);
    if (family !== 0) return { address: host, family };
    // Resolvers change the order from one answer to the next.
    const sorted = [...(await this.#find(host))].sort((a, b) => (a.address < b.address ? -1 : 1));
    this.#known.set(host, Math.max(1, sorted.length));
    const chosen = sorted[this.#turn++ % sorted.length];
    if (chosen === undefined) throw new Error(`${host} has no address`);
    return chosen;
  }

  /** All addresses of a host. */
  async all(host: string): Promise<readonly string[]> {
    return isIP(host) === 0 ? (await this.#find(host)).map(({ address }) => address) : [host];
  }

  /** How many addresses the hosts had when they were last looked up. */
  count(hosts: readonly ZkHost[]): number {
    return hosts.reduce((sum, { host }) => sum + (this.#known.get(host) ?? 1), 0);
  }

  #find(host: string): Promise<Addresses> {
    const underWay = this.#underWay.get(host) ?? this.#ask(host).finally(() => this.#underWay.delete(host));
    this.#underWay.set(host, underWay);
    return underWay;
  }
}
