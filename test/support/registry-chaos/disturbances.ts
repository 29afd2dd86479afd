import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../http2-random.ts';
import type { Owner } from '../owner.ts';
import { Ensemble, Relay, type ZooKeeperServer } from '../registry-kit.ts';

const OP_GET_CHILDREN_2 = 12;
/** Higher than any that leaders of a test come to. */
const FIRST_EPOCH = 1000;

/** Three ZooKeeper servers, each behind a relay that the proxy connects through, and what goes wrong with them. */
export class Disturbances {
  readonly ensemble: Ensemble;
  readonly #relays: readonly Relay[];
  readonly #random: Random;
  #epoch = FIRST_EPOCH;

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

  /** Of what the proxy is told. */
  get ports(): ReadonlySet<number> {
    return new Set(this.#relays.map(({ address }) => Number(new URL(`tcp://${address}`).port)));
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
      ['empty the disk of a server', () => this.#empty(any())],
      ['cut connections inside answers', () => this.#cut()],
      ['lose the network inside answers', () => this.#lose()],
    ]);
  }

  /** Breaks the proxy's connection, so that it reads everything. */
  breakConnections(): void {
    for (const relay of this.#relays) relay.breakAll();
  }

  /** Resolves when the proxy has asked for so many more lists. */
  async lists(count: number): Promise<void> {
    const isList = (op: number): boolean => op === OP_GET_CHILDREN_2;
    for (let i = 0; i < count; i++) await Promise.race(this.#relays.map(({ requests }) => requests.next(isList)));
  }

  /**
   * All servers lose their data. `meanwhile` is done before any of them runs again.
   * @param isNewer their transactions are newer than all before: they know no session. Otherwise they refuse whoever saw newer ones.
   */
  async emptyAll(isNewer: boolean, meanwhile: () => Promise<void>): Promise<void> {
    const { servers } = this.ensemble;
    this.#epoch += FIRST_EPOCH;
    await Promise.all(servers.map((server) => server.kill()));
    for (const server of servers) server.wipe(isNewer ? this.#epoch : undefined);
    await meanwhile();
    await Promise.all(servers.map((server) => server.restart()));
  }

  /** Only when the others serve: an ensemble in which an empty server is counted for a majority may lose what it had. */
  async #empty(server: ZooKeeperServer): Promise<void> {
    await server.kill();
    const others = this.ensemble.servers.filter((each) => each !== server);
    while (!(await Promise.all(others.map((each) => each.mode()))).every((mode) => mode !== undefined)) await wait(20);
    server.wipe();
    await server.restart();
  }

  async #restart(server: ZooKeeperServer): Promise<void> {
    await server.kill();
    await wait(this.#random.between(0, 1000));
    await server.restart();
  }

  async #freeze(server: ZooKeeperServer): Promise<void> {
    server.freeze();
    try {
      await wait(this.#random.between(200, 3000));
    } finally {
      server.thaw();
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
    for (const relay of this.#relays) void relay.cutAfter(this.#random.between(1, 500), 'silence');
    await wait(this.#random.between(500, 3000));
    this.breakConnections();
  }
}
