import type { PublishedAddress, PublishedService } from '@polywire/core/spi';
import { encodeNodeName } from '../node-url.ts';
import type { ConsumerView } from './parameters.ts';

/** Schemes of Dubbo by which callers come through a codec; undefined: none, and the service is not Dubbo's. */
export function schemeOf({ protocol, entries: [entry] }: PublishedService): 'dubbo' | 'tri' | undefined {
  if (protocol === 'dubbo') return 'dubbo';
  const port = entry?.ports.find(({ number }) => number === entry.port) ?? entry?.ports[0];
  return port !== undefined && (/^tri(?:-|$)/i.test(port.name) || port.protocol === 'TRI') ? 'tri' : undefined;
}

/** The node of a provider: its whole URL, parameters sorted, values raw. */
export function providerNode(scheme: string, { host, port }: PublishedAddress, { path, parameters }: ConsumerView): string {
  const query = [...parameters].map(([key, value]) => `${key}=${value}`).join('&');
  return encodeNodeName(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/${path}?${query}`);
}
