import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { FrameProtocol } from '../protocol/spi.ts';
import type { StreamingProtocol } from '../protocol/streaming.ts';
import { collectMetrics } from '../proxy/metrics.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { CertificateFiles } from './certificates.ts';
import type { startFromFiles } from './proxy-files.ts';
import { echo, ToyClient, ToyServer } from './toy-peers.ts';
import { toyProtocol } from './toy-protocol.ts';

type Started = Awaited<ReturnType<typeof startFromFiles>>;

/** A bootstrap with one listener that speaks `toy` by TLS. */
export function listener(tls: string, more = ''): string {
  return `listeners:\n- name: one\n  address: 127.0.0.1:0\n  protocols: [toy]\n  tls: ${tls}\n${more}`;
}

/** The `tls` of a listener. */
export function tlsOf({ cert, key }: CertificateFiles, more = ''): string {
  return `{cert: ${cert}, key: ${key}${more}}`;
}

/** A caller that speaks the toy protocol by TLS. */
export async function tlsClient(
  t: TestContext,
  port: number,
  options: ConnectionOptions,
): Promise<ToyClient & { readonly socket: TLSSocket }> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options });
  t.after(() => socket.destroy());
  const client = new ToyClient(socket);
  await once(socket, 'secureConnect');
  return Object.assign(client, { socket });
}

/** Handshakes by how they ended, as metrics count them. */
export function handshakes({ proxy }: Started): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { family, labels, value } of collectMetrics(proxy)) {
    if (family.name !== 'polywire_tls_handshakes_total' || typeof value !== 'number' || value === 0) continue;
    found[labels['result'] ?? ''] = value;
  }
  return found;
}

/** A service by TLS that answers `secured` and what it was asked. */
export async function tlsService(t: TestContext, options: TlsOptions): Promise<{ readonly port: number; readonly accepted: TLSSocket[] }> {
  const accepted: TLSSocket[] = [];
  const toy = await ToyServer.start(echo('secured'));
  t.after(() => toy.stop());
  const server = createServer(options, (socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket
      .pipe(connect(toy.port, '127.0.0.1'))
      .on('error', () => undefined)
      .pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { port: address.port, accepted };
}

/** A ServiceEntry of one service and its DestinationRule. */
export function mesh(port: number, tls: string, subset = ''): string {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: users}
spec:
  hosts: [users.test]
  resolution: STATIC
  ports: [{number: 80, name: toy-main, protocol: TCP}]
  endpoints: [{address: 127.0.0.1, ports: {toy-main: ${port}}, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: users}
spec:
  host: users.test
  trafficPolicy: {tls: ${tls}}
${subset}---
`;
}

/** A bootstrap with one plain listener. */
export const PLAIN = 'listeners:\n- name: one\n  address: 127.0.0.1:0\n  protocols: [toy]\n';

/** What a caller gets for one request. */
export async function answerOf(t: TestContext, port: number): Promise<string> {
  const client = await ToyClient.connect(port);
  t.after(() => client.socket.destroy());
  client.request(1, 'users.test m|');
  const [answer] = await client.received(1);
  return answer?.body ?? '';
}

/** A certificate and its key, as node:tls takes them. */
export const material = ({ cert, key }: CertificateFiles) => ({ cert: readFileSync(cert), key: readFileSync(key) });

/** The toy protocol under another name, with a name in TLS's negotiation, as one with streams of its own. */
export function negotiated(name: string): StreamingProtocol {
  const toy: FrameProtocol = { ...toyProtocol(), name };
  return {
    name,
    alpn: [`${name}/2`, `${name}/1`],
    capabilities: ['routing'],
    detect: () => 'no-match',
    streams: ({ limits }) => frameProtocol(toy, limits, new FrameUpstreamCounts()),
  };
}
