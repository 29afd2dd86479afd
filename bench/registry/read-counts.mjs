// Counts what the proxy asks of ZooKeeper, by watching over both drivers.
import { BuiltinZkClient } from '../../packages/registry-zk/dist/client/builtin.js';
import { NativeZkClient } from '../../packages/registry-zk/dist/client/native.js';
import { TreeFollower } from '../../packages/registry-zk/dist/follow/tree-follower.js';

const READS = ['getChildren', 'getNode', 'exists', 'addRecursiveWatch'];

export class ReadCounts {
  #counts;
  #services;

  constructor() {
    this.reset();
    const self = this;
    for (const { prototype } of [BuiltinZkClient, NativeZkClient]) {
      for (const name of READS) {
        const original = prototype[name];
        prototype[name] = function counted(path, watch) {
          self.#count(name, path, watch === true);
          return original.call(this, path, watch);
        };
      }
    }
    const { event } = TreeFollower.prototype;
    TreeFollower.prototype.event = function counted(one) {
      self.#counts.events++;
      return event.call(this, one);
    };
  }

  reset() {
    this.#counts = { getChildren: 0, getNode: 0, exists: 0, addRecursiveWatch: 0, watches: 0, events: 0 };
    this.#services = new Map();
  }

  report() {
    return { ...this.#counts, services: Object.fromEntries(this.#services) };
  }

  #count(name, path, watch) {
    this.#counts[name]++;
    if (watch || name === 'addRecursiveWatch') this.#counts.watches++;
    const service = /^\/dubbo\/([^/]+)\//.exec(path)?.[1];
    if (service !== undefined) this.#services.set(service, (this.#services.get(service) ?? 0) + 1);
  }
}
