import type { PublishedAddress, PublishedService } from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import { claimEphemeral, releaseEphemeral } from '../client/nodes.ts';
import { encodeNodeName } from '../node-url.ts';
import { consumerView, type OwnParameters, withOwn } from './parameters.ts';
import { providerNode, schemeOf } from './provider-url.ts';
import type { PublishedTree } from './tree.ts';

/**
 * Below what servers take of a request, 1 MiB (jute.maxbuffer): at a longer one they hang up, and would again and again. The methods of all
 * providers together may well be more than each registered of its own.
 */
const MAX_PATH_BYTES = 1_000_000;

/** What Polywire's own nodes are made from. */
export interface ProviderNodesOptions {
  readonly client: ZkClient;
  /** Absolute. */
  readonly root: string;
  readonly address: PublishedAddress;
  readonly own: OwnParameters;
}

interface Slot {
  /** undefined: it is to go. */
  service: PublishedService | undefined;
  /** What may stand in this session. */
  readonly standing: Set<string>;
  /** Of these, what is known to. */
  confirmed: string | undefined;
}

/** Dubbo by interface: `/<root>/<interface>/providers/<URL>`, one node for each service. */
export class ProviderNodes implements PublishedTree {
  readonly #options: ProviderNodesOptions;
  readonly #slots = new Map<string, Slot>();

  constructor(options: ProviderNodesOptions) {
    this.#options = options;
  }

  want(key: string, service: PublishedService | undefined): readonly string[] {
    const slot = this.#slots.get(key);
    if (slot !== undefined) slot.service = service;
    else if (service !== undefined) this.#slots.set(key, { service, standing: new Set(), confirmed: undefined });
    return [key];
  }

  partsOf(key: string): readonly string[] {
    return [key];
  }

  newSession(): void {
    for (const slot of this.#slots.values()) {
      slot.standing.clear();
      slot.confirmed = undefined;
    }
  }

  /** The directory that the service's node is in. */
  placeOf({ identity }: PublishedService): string {
    return `${this.#options.root}/${encodeNodeName(identity.name)}/providers`;
  }

  async settle(key: string): Promise<boolean> {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    const { client } = this.#options;
    const path = slot.service && this.#pathOf(slot.service);
    // Most providers that come and go change nothing of what is said.
    if (path !== undefined && path !== slot.confirmed) {
      // Whatever becomes of the request, it may be there.
      slot.standing.add(path);
      await claimEphemeral(client, path, Buffer.from(this.#options.address.host));
      slot.confirmed = path;
    }
    // Behind its successor, so that consumers always see one.
    for (const former of slot.standing) {
      if (former === path) continue;
      await releaseEphemeral(client, former);
      slot.standing.delete(former);
    }
    if (slot.service === undefined && this.#slots.get(key) === slot) this.#slots.delete(key);
    return path !== undefined;
  }

  #pathOf(service: PublishedService): string {
    const { address, own } = this.#options;
    const view = consumerView(service);
    const parameters = withOwn(view.parameters, own);
    const path = `${this.placeOf(service)}/${providerNode(schemeOf(service) ?? '', address, { ...view, parameters })}`;
    // It is percent-encoded: a byte for each character.
    if (path.length <= MAX_PATH_BYTES) return path;
    throw new Error(
      `what ${service.identity.name} is published with takes more than ${MAX_PATH_BYTES} bytes, which ZooKeeper does not take`,
    );
  }
}
