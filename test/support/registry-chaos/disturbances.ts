import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../http2-random.ts';
import type { Owner } from '../owner.ts';
import { Ensemble, Relay, type ZooKeeperServer } from '../registry-kit.ts';

/** Three ZooKeeper servers, each behind a relay that the proxy connects through, and what goes wrong with them. */
export class Disturbances {
  readonly ensemble: Ensemble;
  readonly #relays: readonly Relay[];
  readonly #random: Random;
  /** While servers or networks are silent nobody can know what changes. */
  #silent = 0;

  private constructor(ensemble: Ensemble, relays: readonly Relay[], random: Random) {
    this.ensemble = ensemble;
    this.#relays = relays;
    this.#random = random;
  }

  static async start(owner: Owner, random: Random): Promise<Disturbances> {
    const ensemble = await Ensemble.start();
    owner.after(() => ensemble.dispose());
    const relays = await Promise.all(ensemble.servers.map(({ port }) => Relay.start(port)));
    owner.after(() => Promise.all(relays.map((relay) => relay.stop())).then(() => undefined));
    return new Disturbances(ensemble, relays, random);
  }

  /** As the proxy is told it. */
  get address(): string {
    return this.#relays.map(({ address }) => address).join(',');
  }

  get isSilent(): boolean {
    return this.#silent > 0;
  }

  /** By name. Each ends with everything running. */
  get all(): ReadonlyMap<string, () => Promise<void>> {
    const { servers } = this.ensemble;
    const any = (): ZooKeeperServer => this.#random.of(servers);
    return new Map([
      ['kill a server', () => this.#restart(any())],
      ['kill the leader', async () => this.#restart(await this.ensemble.leader())],
      ['freeze a server', () => this.#freeze(any())],
      ['freeze the leader', async () => this.#freeze(await this.ensemble.leader())],
      ['cut connections inside answers', () => this.#cut()],
      ['lose the network inside answers', () => this.#lose()],
    ]);
  }

  /** Breaks the proxy's connection, so that it reads everything. */
  breakConnections(): void {
    for (const relay of this.#relays) relay.breakAll();
  }

  async #restart(server: ZooKeeperServer): Promise<void> {
    await server.kill();
    await wait(this.#random.between(0, 1000));
    await server.restart();
  }

  async #freeze(server: ZooKeeperServer): Promise<void> {
    this.#silent++;
    server.freeze();
    try {
      await wait(this.#random.between(200, 3000));
    } finally {
      server.thaw();
      this.#silent--;
    }
  }

  /** First the connection, then inside the first, second and third answer of what is read because of that, or of an event. */
  async #cut(): Promise<void> {
    this.breakConnections();
    for (let i = 0; i < 3; i++) {
      for (const relay of this.#relays) void relay.cutAfter(this.#random.between(1, 4000));
      await wait(this.#random.between(50, 500));
    }
  }

  async #lose(): Promise<void> {
    this.#silent++;
    for (const relay of this.#relays) void relay.cutAfter(this.#random.between(1, 500), 'silence');
    await wait(this.#random.between(500, 3000));
    this.breakConnections();
    this.#silent--;
  }
}
