import type { Endpoint, ServiceIdentity } from '@polywire/core/spi';
import type { OtherChild } from '../follow/child-reader.ts';
import { LazyMap } from '../lazy-map.ts';
import { type NodeUrl, NodeUrlError, parseNodeUrl } from '../node-url.ts';
import { PUBLISHED } from '../published.ts';
import { SharedValues } from '../shared-values.ts';
import { dubboStart } from '../warm-up.ts';
import { parameter } from './parameter.ts';
import { labelsOf, metadataOf } from './parameters.ts';
import type { DubboProtocol } from './service.ts';
import { identityOf } from './service-key.ts';

/** Dubbo's default (Constants.DEFAULT_WEIGHT). */
const DEFAULT_WEIGHT = 100;

/** A machine has many services. */
const sharedAddresses = new SharedValues<string>();

/** A child of `providers` that takes requests. */
export interface LiveProvider {
  readonly kind: 'provider';
  readonly protocol: DubboProtocol;
  readonly identity: ServiceIdentity;
  readonly endpoint: Endpoint;
  /** Milliseconds since 1970 at which it registered; 0 when it does not say. Tells a restarted provider from its former self. */
  readonly timestamp: number;
}

/** What one child of `providers` is. */
export type Provider = LiveProvider | OtherChild;

/**
 * Reads one child of `providers`.
 * @param interfaceName decoded name of the directory that it is in
 * @param path of the node
 */
export function readProvider(nodeName: string, interfaceName: string, path: string): Provider {
  let url: NodeUrl;
  try {
    url = parseNodeUrl(nodeName);
  } catch (error) {
    if (error instanceof NodeUrlError) return { kind: 'unreadable', reason: error.message };
    throw error;
  }
  return providerOf(url, interfaceName, path, new ProviderMetadata(nodeName, interfaceName));
}

/** Read from the node's name, which is there anyway. */
class ProviderMetadata extends LazyMap {
  readonly #nodeName: string;
  readonly #interfaceName: string;

  constructor(nodeName: string, interfaceName: string) {
    super();
    this.#nodeName = nodeName;
    this.#interfaceName = interfaceName;
  }

  override get(key: string): string | undefined {
    return this.#mayHave(key) ? super.get(key) : undefined;
  }

  override has(key: string): boolean {
    return this.#mayHave(key) && super.has(key);
  }

  /** Without reading the name: such keys stand in it as they are. A path is there without its key. */
  #mayHave(key: string): boolean {
    return key === 'path' || !/^[\w.*-]+$/.test(key) || this.#nodeName.includes(key);
  }

  protected override compute(): ReadonlyMap<string, string> {
    return metadataOf(parseNodeUrl(this.#nodeName), this.#interfaceName);
  }
}

/**
 * What a provider URL says, wherever it was found.
 * @param metadata what `metadataOf` says of it; absent: it is asked now
 */
export function providerOf(url: NodeUrl, interfaceName: string, path: string, metadata = metadataOf(url, interfaceName)): Provider {
  const { protocol } = url;
  if (protocol !== 'dubbo' && protocol !== 'tri') return { kind: 'ignored', reason: `protocol ${protocol}` };
  const publisher = url.parameters.get(PUBLISHED);
  if (publisher !== undefined) return { kind: 'ignored', reason: `published by Polywire ${publisher}` };
  if (parameter(url, 'enabled') === 'false') return { kind: 'ignored', reason: 'enabled=false' };
  if (parameter(url, 'disabled') === 'true') return { kind: 'ignored', reason: 'disabled=true' };
  const identity = identityOf(url);
  if (identity.name !== interfaceName) return { kind: 'unreadable', reason: `it is of interface ${identity.name}` };
  const timestamp = Number(url.parameters.get('timestamp')) || 0;
  const endpoint: Endpoint = {
    address: sharedAddresses.get(url.host, () => url.host),
    port: url.port,
    weight: weightOf(url),
    ...dubboStart(timestamp, parameter(url, 'warmup')),
    labels: labelsOf(url),
    metadata,
    origin: path,
  };
  return { kind: 'provider', protocol, identity, endpoint, timestamp };
}

// A negative weight counts as 0 (AbstractLoadBalance.getWeight).
function weightOf(url: NodeUrl): number {
  const text = parameter(url, 'weight');
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Math.max(0, Number(text)) : DEFAULT_WEIGHT;
}
