import type {
  PublishedAddress,
  PublishedService,
  PublishedServiceStatus,
  Publisher,
  PublisherContext,
  PublisherFactory,
  PublisherStatus,
} from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import { clientOpener, type ZkOpener } from '../client/open.ts';
import { serviceKey } from '../dubbo/service-key.ts';
import { ApplicationNodes } from './application-nodes.ts';
import { type PublishConfig, type PublishedLayout, parsePublishConfig } from './config.ts';
import { type JobState, Jobs, PENDING } from './jobs.ts';
import { ProviderNodes } from './provider-nodes.ts';
import { schemeOf } from './provider-url.ts';
import type { PublishedTree } from './tree.ts';

/** Polywire itself in ZooKeeper, as Dubbo's providers register. */
export const zookeeperPublisherFactory: PublisherFactory = {
  type: 'zookeeper',
  create: (config, context) => new ZooKeeperPublisher(parsePublishConfig(config, context), context),
};

class ZooKeeperPublisher implements Publisher {
  readonly name: string;
  readonly #config: PublishConfig;
  readonly #context: PublisherContext;
  readonly #open: ZkOpener;
  readonly #jobs: Jobs;
  #address: PublishedAddress | undefined = undefined;
  #client: ZkClient | undefined = undefined;
  #trees: readonly PublishedTree[] = [];
  #services: ReadonlyMap<string, PublishedService> = new Map();
  #problem: string | undefined = undefined;
  #withdrawn: Promise<void> | undefined = undefined;

  constructor(config: PublishConfig, context: PublisherContext) {
    this.name = `zookeeper ${config.client.address}${config.roots.dubbo}`;
    this.#config = config;
    this.#context = context;
    this.#open = clientOpener(config.driver);
    this.#jobs = new Jobs({
      run: (key) => this.#settle(key),
      warn: (message) => context.log('warn', `${this.name}: ${message}`),
      retryMs: config.retryMs,
    });
  }

  async start(address: PublishedAddress): Promise<void> {
    if (this.#client !== undefined) throw new Error(`${this.name} was started before`);
    const { log, instance, tls } = this.#context;
    const client = this.#open(this.#config.client, {
      connected: (newSession) => this.#connected(newSession),
      disconnected: (cause) => this.#disconnected(cause),
      event: () => undefined,
    });
    this.#address = address;
    this.#client = client;
    const own = { application: this.#config.application, instance, timestamp: Date.now(), tls };
    const { roots, layouts } = this.#config;
    const create: Readonly<Record<PublishedLayout, () => PublishedTree>> = {
      dubbo: () => new ProviderNodes({ client, root: roots.dubbo, address, own }),
      'dubbo-application': () => new ApplicationNodes({ client, instances: roots.applications, reports: roots.reports, address, own, log }),
    };
    this.#trees = layouts.map((layout) => create[layout]());
    log('info', `publishing to ${this.name}`, { address: `${address.host}:${address.port}`, instance });
    client.connect();
  }

  publish(services: readonly PublishedService[]): void {
    const next = new Map(services.filter((each) => this.#isPublished(each)).map((each) => [keyOf(each), each]));
    const former = this.#services;
    this.#services = next;
    for (const [key, service] of next) if (former.get(key) !== service) this.#want(key, service);
    for (const key of former.keys()) if (!next.has(key)) this.#want(key, undefined);
  }

  withdraw(): Promise<void> {
    // Everything stands by the session, and goes with it at once.
    this.#withdrawn ??= this.#end();
    return this.#withdrawn;
  }

  async stop(): Promise<void> {
    await this.withdraw();
  }

  status(): PublisherStatus {
    const standing = this.#withdrawn === undefined ? [...this.#services] : [];
    const services = standing.map(([key, service]): PublishedServiceStatus => {
      return { service: key, places: this.#trees.map((tree) => tree.placeOf(service)), ...this.#stateOf(key, service) };
    });
    const address = this.#address && `${this.#address.host}:${this.#address.port}`;
    const id = this.#client?.state === 'connected' ? this.#client.sessionId : 0n;
    const failed = services.find(({ state }) => state === 'failed');
    return {
      name: this.name,
      address,
      state: this.#state(services),
      session: id === 0n ? undefined : `0x${id.toString(16)}`,
      problem: this.#problem ?? failed?.reason,
      services,
    };
  }

  #state(services: readonly PublishedServiceStatus[]): PublisherStatus['state'] {
    if (this.#withdrawn !== undefined) return 'withdrawn';
    if (this.#client === undefined) return 'starting';
    if (this.#client.state !== 'connected') return 'disconnected';
    return services.every(({ state }) => state === 'published') ? 'published' : 'behind';
  }

  #isPublished(service: PublishedService): boolean {
    const scheme = schemeOf(service);
    return scheme !== undefined && this.#config.protocols.includes(scheme);
  }

  #connected(newSession: boolean): void {
    this.#context.log('info', `connected to publish to ${this.name}`, { newSession });
    this.#problem = undefined;
    if (newSession) for (const tree of this.#trees) tree.newSession();
    this.#jobs.connected(newSession);
  }

  #disconnected(cause: Error): void {
    const isNews = this.#problem === undefined;
    this.#problem = cause.message;
    this.#jobs.disconnected();
    const message = `${this.name} is away; what is published there goes when its session expires, and is published again when it is back`;
    this.#context.log(isNews ? 'warn' : 'debug', message, { error: cause });
  }

  #want(key: string, service: PublishedService | undefined): void {
    for (const [index, tree] of this.#trees.entries()) for (const part of tree.want(key, service)) this.#jobs.mark(jobOf(index, part));
  }

  async #settle(job: string): Promise<boolean> {
    const space = job.indexOf(' ');
    return (await this.#trees[Number(job.slice(0, space))]?.settle(job.slice(space + 1))) === true;
  }

  /** The worst of its parts. */
  #stateOf(key: string, service: PublishedService): JobState {
    const states = this.#trees.flatMap((tree, index) => tree.partsOf(key, service).map((part) => this.#jobs.state(jobOf(index, part))));
    return states.find(({ state }) => state === 'failed') ?? states.find(({ state }) => state === 'pending') ?? states[0] ?? PENDING;
  }

  async #end(): Promise<void> {
    this.#jobs.disconnected();
    await this.#client?.close();
  }
}

function jobOf(tree: number, part: string): string {
  return `${tree} ${part}`;
}

function keyOf(service: PublishedService): string {
  return `${serviceKey(service.identity)} (${schemeOf(service)})`;
}
