import type { PublishedAddress, PublishedService, PublisherContext } from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import { BAD_VERSION, CONNECTION_LOSS, hasCode, NO_NODE, NODE_EXISTS } from '../client/errors.ts';
import { claimEphemeral, createWithParents, releaseEphemeral, unless } from '../client/nodes.ts';
import { readInstance } from '../discovery-instance.ts';
import { metadataFolder } from '../dubbo-application/metadata.ts';
import { applicationRevision, instanceData } from './application-metadata.ts';
import type { OwnParameters } from './parameters.ts';
import { schemeOf } from './provider-url.ts';
import type { PublishedTree } from './tree.ts';

/** Former revisions go when no instance has them and nobody wrote them for so long, by the servers' clock. */
const KEEP_REVISIONS_MS = 3_600_000;
const CAS_TRIES = 20;
/** Always the same, so that it is told once. */
const TOO_LARGE =
  'the metadata of all services take more than 1,000,000 bytes, and ZooKeeper keeps 1 MiB in a node: write layouts: [dubbo], or publish fewer services of an application';

/** What Polywire's application is made from. */
export interface ApplicationNodesOptions {
  readonly client: ZkClient;
  /** `/<instances>/<application>/<host:port>` */
  readonly instances: string;
  /** Above `metadata` and `mapping`. */
  readonly reports: string;
  readonly address: PublishedAddress;
  readonly own: OwnParameters;
  readonly log: PublisherContext['log'];
}

/** Dubbo by application: one instance, the metadata of its revision, and for each interface that it is one of those that have it. */
export class ApplicationNodes implements PublishedTree {
  readonly #options: ApplicationNodesOptions;
  readonly #services = new Map<string, PublishedService>();
  readonly #instance: string;
  /** Interfaces whose mapping was seen to in this session. */
  readonly #mapped = new Set<string>();
  /** What the instance says in this session; undefined: it may not be there. */
  #standing: string | undefined = undefined;
  /** Somebody was told that former revisions stay, and none has gone since. */
  #isUntidy = false;

  constructor(options: ApplicationNodesOptions) {
    const { instances, address, own } = options;
    this.#options = options;
    this.#instance = `${instances}/${own.application}/${address.host}:${address.port}`;
  }

  want(key: string, service: PublishedService | undefined): readonly string[] {
    if (service === undefined) this.#services.delete(key);
    else this.#services.set(key, service);
    // What is no longer offered stays in the mapping, as Dubbo leaves it: others of the same application may offer it.
    return service === undefined ? [INSTANCE] : this.partsOf(key, service);
  }

  partsOf(_key: string, { identity }: PublishedService): readonly string[] {
    return [INSTANCE, identity.name];
  }

  placeOf(): string {
    return this.#instance;
  }

  newSession(): void {
    this.#mapped.clear();
    this.#standing = undefined;
  }

  async settle(part: string): Promise<boolean> {
    if (part === INSTANCE) return this.#settleInstance();
    if (!this.#mapped.has(part)) await this.#settleMapping(part);
    this.#mapped.add(part);
    return true;
  }

  async #settleInstance(): Promise<boolean> {
    const { client, address, own, reports } = this.#options;
    if (this.#services.size === 0) {
      this.#standing = undefined;
      await releaseEphemeral(client, this.#instance);
      return false;
    }
    const services = [...this.#services.values()];
    const made = await applicationRevision(own.application, services);
    if (made === undefined) throw new Error(TOO_LARGE);
    const { revision, content } = made;
    if (this.#standing === revision) return true;
    const folder = metadataFolder(`${reports}/metadata`, own.application);
    await write(client, `${folder}/${revision}`, Buffer.from(content));
    const protocols = new Set(services.map((service) => schemeOf(service) ?? ''));
    await claimEphemeral(client, this.#instance, instanceData(address, protocols, revision, own));
    this.#standing = revision;
    await this.#tidyOrTell(folder, revision);
    return true;
  }

  /** `/<reports>/mapping/<interface>`: names of applications, by compare-and-set. */
  async #settleMapping(name: string): Promise<void> {
    const { client, own, reports } = this.#options;
    const path = `${reports}/mapping/${name}`;
    for (let tries = 0; ; tries++) {
      try {
        const { data, stat } = await client.getNode(path, false);
        const names = data
          .toString()
          .split(',')
          .map((each) => each.trim())
          .filter((each) => each !== '');
        if (!names.includes(own.application)) await client.setData(path, Buffer.from([...names, own.application].join(',')), stat.version);
        return;
      } catch (error) {
        if (hasCode(error, NO_NODE)) {
          const created = await createWithParents(client, path, Buffer.from(own.application)).then(() => true, unless(NODE_EXISTS));
          if (created === true) return;
        } else if (!hasCode(error, BAD_VERSION)) throw error;
        if (tries === CAS_TRIES) throw error;
      }
    }
  }

  /** A courtesy: who cannot be tidied after is published nevertheless. */
  async #tidyOrTell(folder: string, revision: string): Promise<void> {
    try {
      await this.#tidy(folder, revision);
      this.#isUntidy = false;
    } catch (error) {
      const isNews = !hasCode(error, CONNECTION_LOSS) && !this.#isUntidy;
      if (isNews) this.#isUntidy = true;
      const message = `former revisions of ${this.#options.own.application} stay in ${folder}: they could not be looked through; it is tried again with the next revision`;
      this.#options.log(isNews ? 'warn' : 'debug', message, { error });
    }
  }

  /** Nobody else does: Dubbo's providers leave each revision that they ever had. */
  async #tidy(folder: string, revision: string): Promise<void> {
    const { client, instances, own } = this.#options;
    const revisions = await client.getChildren(folder, false);
    if (revisions.length < 2) return;
    const application = `${instances}/${own.application}`;
    const inUse = new Set([revision]);
    for (const id of await client.getChildren(application, false)) {
      const data = await client.getData(`${application}/${id}`, false).catch(unless(NO_NODE));
      if (data !== undefined) inUse.add(String(readInstance(data)?.metadata['dubbo.metadata.revision']));
    }
    const now = (await client.getNode(`${folder}/${revision}`, false)).stat.changedAt;
    for (const former of revisions) {
      if (inUse.has(former)) continue;
      const node = await client.getNode(`${folder}/${former}`, false).catch(unless(NO_NODE));
      if (node === undefined || now - node.stat.changedAt < KEEP_REVISIONS_MS) continue;
      await client.delete(`${folder}/${former}`, node.stat.version).catch(unless(NO_NODE, BAD_VERSION));
    }
  }
}

/** The part that is no interface. */
const INSTANCE = '';

/** Written even when it is there already: a revision that is written is not tidied away. */
async function write(client: ZkClient, path: string, data: Buffer): Promise<void> {
  const created = await createWithParents(client, path, data).then(() => true, unless(NODE_EXISTS));
  if (created !== true) await client.setData(path, data);
}
