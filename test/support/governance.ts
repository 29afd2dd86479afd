import type { Owner } from './owner.ts';
import { createPath, testClient, type ZkClient } from './registry-kit.ts';

const CONFIG = '/dubbo/config/dubbo';
export const CALL_SERVICE = 'io.polywire.peers.CallService';

/** The rules in a ZooKeeper, written as Dubbo Admin writes them. */
export class RuleNodes {
  readonly #zk: ZkClient;
  readonly #written: string[] = [];

  constructor(owner: Owner, address: string) {
    this.#zk = testClient(address, { sessionTimeoutMs: 20_000, connectTimeoutMs: 20_000 }).client;
    owner.after(() => this.#zk.close());
  }

  /** A node of the configuration centre. Returns its path. */
  config(name: string, text: string): Promise<string> {
    return this.#write(`${CONFIG}/${name}`, text);
  }

  /** A rule of 2.6. Returns its path. */
  old(category: 'configurators' | 'routers', url: string): Promise<string> {
    return this.#write(`/dubbo/${CALL_SERVICE}/${category}/${encodeURIComponent(url)}`, '');
  }

  /** Says something else at a path. */
  async rewrite(path: string, text: string): Promise<void> {
    await this.#zk.setData(path, Buffer.from(text));
  }

  /** Removes what was written. */
  async clear(): Promise<void> {
    for (const path of this.#written.splice(0)) await this.#zk.delete(path);
  }

  async #write(path: string, text: string): Promise<string> {
    await createPath(this.#zk, path, false, Buffer.from(text));
    this.#written.push(path);
    return path;
  }
}
