import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Certificates } from '../testing/certificates.ts';
import { type ClientReport, connected, disconnected, testClient } from '../testing/client.ts';
import { freePort } from '../testing/ports.ts';
import { skipReason, ZooKeeperServer } from '../testing/zookeeper-server.ts';
import type { ZkTls } from './client.ts';

describe('builtin client over TLS', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const certificates = new Certificates();
  const ours = certificates.issue('client', 'DNS:client');
  const { ca } = certificates;
  let server: ZooKeeperServer;
  let port = 0;

  before(async () => {
    port = await freePort();
    server = await ZooKeeperServer.start({ config: certificates.serverConfig(port, 'DNS:zk.test,IP:127.0.0.1') });
  });
  after(async () => {
    await server.dispose();
    certificates.dispose();
  });

  /** What the client reports first. */
  async function first(host: string, tls: ZkTls): Promise<ClientReport> {
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    // The first handshake of a server takes long.
    const { client, reports } = testClient(`${host}:${port}`, { tls, lookup, connectTimeoutMs: 20_000 });
    const report = await reports.next(() => true);
    if (connected(report)) assert.equal(await client.exists('/', false), true);
    await client.close();
    return report;
  }

  const failure = (report: ClientReport): string => (report.kind === 'disconnected' ? report.cause.message : report.kind);

  test('the certificate must be of the CA and for the host as it is written, name or address', async () => {
    assert.equal((await first('zk.test', { ca, ...ours })).kind, 'connected');
    assert.equal((await first('127.0.0.1', { ca, ...ours })).kind, 'connected');
    assert.match(failure(await first('other.test', { ca, ...ours })), /does not match certificate's altnames/);
    assert.equal((await first('other.test', { ca, ...ours, serverName: 'zk.test' })).kind, 'connected');
    assert.match(failure(await first('zk.test', ours)), /unable to verify the first certificate|self-signed/);
  });

  test('a server that asks for a certificate refuses who has none, and a missing file is named', async () => {
    assert.match(failure(await first('zk.test', { ca })), /alert|ECONNRESET|closed/);
    assert.match(failure(await first('zk.test', { ca: '/nowhere/ca.pem' })), /ENOENT.*\/nowhere\/ca\.pem/);
  });

  test('files are read at each connect: what was replaced counts from then on', async () => {
    const other = new Certificates();
    const file = `${certificates.ca}.rotated`;
    copyFileSync(other.ca, file);
    const { client, reports } = testClient(`127.0.0.1:${port}`, { tls: { ca: file, ...ours } });
    await reports.next(disconnected);
    const found = reports.next(connected);
    copyFileSync(ca, file);
    await found;
    assert.equal(await client.exists('/', false), true);
    await client.close();
    other.dispose();
  });
});
