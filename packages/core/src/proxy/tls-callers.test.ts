import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { CertificateAuthority } from '../testing/certificates.ts';
import { startFromFiles } from '../testing/proxy-files.ts';
import { everything } from '../testing/raw-peers.ts';
import { handshakes, listener, material, negotiated, tlsClient, tlsOf } from '../testing/tls-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { toyFrame } from '../testing/toy-protocol.ts';

test('a listener with a certificate takes TLS, and what is spoken in it is what is spoken without', async (t) => {
  const ca = new CertificateAuthority(t);
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const started = await startFromFiles(t, { bootstrap: `${listener(tlsOf(ca.issue('server')))}  upstream: 127.0.0.1:${server.port}\n` });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = await tlsClient(t, started.port('one'), { ca: ca.pem, maxVersion });
    client.request(1, 'svc m|small');
    client.request(2, `svc m|${'x'.repeat(3_000_000)}`);
    const answers = await client.received(2);
    assert.deepEqual(answers.map(({ id, length }) => [id, length]).sort(), [
      [1, 11 + 'toy svc m|small'.length],
      [2, 11 + 'toy svc m|'.length + 3_000_000],
    ]);
  }
  assert.deepEqual(handshakes(started), { ok: 2 });
});

test('callers must show a certificate of the CA that is wanted', async (t) => {
  const ca = new CertificateAuthority(t);
  const strangers = new CertificateAuthority(t, 'strangers');
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const bootstrap = `${listener(tlsOf(ca.issue('server'), `, clientCa: ${ca.files.cert}`))}  upstream: 127.0.0.1:${server.port}\n`;
  const started = await startFromFiles(t, { bootstrap });
  const known = await tlsClient(t, started.port('one'), { ca: ca.pem, ...material(ca.issue('client')) });
  known.request(1, 'svc m|');
  assert.equal((await known.received(1))[0]?.body, 'toy svc m|');
  for (const identity of [{}, material(strangers.issue('stranger'))]) {
    const refused = await tlsClient(t, started.port('one'), { ca: ca.pem, ...identity });
    refused.request(1, 'svc m|');
    await assert.rejects(refused.received(1), /closed after 0 of 1 frames/);
  }
  assert.deepEqual(handshakes(started), { ok: 1, failed: 2 });
  const reasons = started.lines.flatMap(({ msg, reason }) => (msg === 'no TLS connection came about' ? [reason] : []));
  assert.match(reasons[0] ?? '', /the other side showed no certificate, which is required here/);
  assert.match(reasons[1] ?? '', /is of a CA that is not known here/);
});

test('plain bytes on a TLS port are refused in words', async (t) => {
  const ca = new CertificateAuthority(t);
  const started = await startFromFiles(t, { bootstrap: `${listener(tlsOf(ca.issue('server')))}  upstream: 127.0.0.1:1\n` });
  for (const bytes of ['GET / HTTP/1.1\r\n', toyFrame('request', 1, 'svc m|'), toyFrame('request', 1, 'svc m|')]) {
    const socket = connect(started.port('one'), '127.0.0.1');
    socket.write(bytes);
    await everything(socket).catch(() => '');
  }
  const lines = started.lines.filter(({ msg }) => /it is plain, and this port takes TLS/.test(msg));
  assert.deepEqual(
    lines.map(({ level, seen }) => [level, seen]),
    [
      ['warn', 'http1'],
      ['debug', 'toy'],
      ['debug', 'toy'],
    ],
  );
  assert.deepEqual(handshakes(started), { plain: 3 });
});

test('a caller that stalls in its handshake is let go, and one that only looks whether the port is open is no failure', async (t) => {
  const ca = new CertificateAuthority(t);
  const limits = '  upstream: 127.0.0.1:1\nlimits: {tlsHandshakeTimeout: 500ms, maxConnectionsPerListener: 2}\n';
  const started = await startFromFiles(t, { bootstrap: listener(tlsOf(ca.issue('server')), limits) });
  const looking = connect(started.port('one'), '127.0.0.1');
  await once(looking, 'connect');
  looking.destroy();
  while (started.proxy.listeners[0]?.stats.connections !== 1 || started.proxy.listeners[0].stats.connectionsActive > 0) {
    await new Promise(setImmediate);
  }
  const silent = connect(started.port('one'), '127.0.0.1');
  const stalling = connect(started.port('one'), '127.0.0.1');
  stalling.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
  await Promise.all([once(silent, 'connect'), once(stalling, 'connect')]);
  const third = connect(started.port('one'), '127.0.0.1');
  await everything(third).catch(() => '');
  assert.equal(started.proxy.listeners[0]?.stats.connectionsRefused, 1, 'connections without a handshake count for the limit');
  await Promise.all([everything(silent), everything(stalling)].map((end) => end.catch(() => '')));
  assert.deepEqual(handshakes(started), { timeout: 2 });
  assert.ok(started.lines.some(({ reason }) => reason === 'no end of the TLS handshake within 500 ms, and not a byte of it'));
});

test('what TLS negotiates decides what a connection speaks, and callers that negotiate nothing are detected', async (t) => {
  const ca = new CertificateAuthority(t);
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const bootstrap = `${listener(tlsOf(ca.issue('server')))}  upstream: 127.0.0.1:${server.port}\n`;
  const several = bootstrap.replace('[toy]', '[swift, toy]');
  const started = await startFromFiles(t, { bootstrap: several, protocols: [negotiated('swift')] });
  const ask = async (ALPNProtocols: string[] | undefined) => {
    const client = await tlsClient(t, started.port('one'), { ca: ca.pem, ...(ALPNProtocols && { ALPNProtocols }) });
    client.request(1, 'svc m|');
    await client.received(1);
    return client.socket.alpnProtocol;
  };
  assert.equal(await ask(['other', 'swift/1', 'swift/2']), 'swift/2');
  assert.equal(await ask(['swift/1']), 'swift/1');
  assert.equal(await ask(undefined), false);
  await assert.rejects(ask(['http/1.1']), { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  const requests = started.proxy.listeners[0]?.protocols.map(({ name, stats }) => [name, stats.outcomes.ok]);
  assert.deepEqual(requests, [
    ['swift', 2],
    ['toy', 1],
  ]);
  assert.deepEqual(handshakes(started), { ok: 3, failed: 1 });
  const unnegotiated = await startFromFiles(t, { bootstrap });
  const client = await tlsClient(t, unnegotiated.port('one'), { ca: ca.pem, ALPNProtocols: ['http/1.1'] });
  client.request(1, 'svc m|');
  assert.equal((await client.received(1))[0]?.body, 'toy svc m|');
});

test('bytes that are passed on as they are are taken out of TLS, and put into it, ends included', async (t) => {
  const ca = new CertificateAuthority(t);
  const received: string[] = [];
  const server = createServer({ ...material(ca.issue('server', { names: 'DNS:db.test' })), allowHalfOpen: true }, async (socket) => {
    socket.write('hello ');
    received.push(await everything(socket));
    socket.end('and good bye');
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const resources = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.test]
  resolution: STATIC
  ports: [{number: 3306, name: db, protocol: MYSQL}]
  endpoints: [{address: 127.0.0.1, ports: {db: ${port}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: db}
spec: {host: db.test, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: ${ca.files.cert}}}}
---`;
  const bootstrap = listener(tlsOf(ca.issue('front')), '  upstream: {host: db.test, port: 3306}\n').replace('[toy]', '[tcp]');
  const started = await startFromFiles(t, { bootstrap, mesh: resources });
  const plain = connect({ port: started.port('one'), host: '127.0.0.1', allowHalfOpen: true });
  await once(plain, 'connect');
  const socket = connectTls({ socket: plain, ca: ca.pem, servername: 'localhost' });
  t.after(() => socket.destroy());
  const sent = 'x'.repeat(2_000_000);
  socket.end(sent);
  assert.equal(await everything(socket), 'hello and good bye');
  assert.deepEqual(received, [sent]);
});

test('a caller whose handshake is under way when the proxy begins to end is told to go once it is done', async (t) => {
  const ca = new CertificateAuthority(t);
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const started = await startFromFiles(t, { bootstrap: `${listener(tlsOf(ca.issue('server')))}  upstream: 127.0.0.1:${server.port}\n` });
  const plain = connect(started.port('one'), '127.0.0.1');
  while (started.proxy.listeners[0]?.stats.connectionsActive !== 1) await new Promise(setImmediate);
  const drained = started.proxy.drain();
  const socket = connectTls({ socket: plain, ca: ca.pem, servername: 'localhost' });
  const client = new ToyClient(socket);
  assert.equal((await client.received(1))[0]?.kind, 'goaway');
  client.request(1, 'svc m|');
  assert.equal((await client.received(2))[1]?.body, 'toy svc m|');
  socket.end();
  await drained;
});

test('changed certificates are used for new connections, bad ones leave the former in use, and open connections live on', async (t) => {
  const ca = new CertificateAuthority(t);
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const files = ca.issue('server');
  const started = await startFromFiles(t, { bootstrap: `${listener(tlsOf(files))}  upstream: 127.0.0.1:${server.port}\n` });
  const first = await tlsClient(t, started.port('one'), { ca: ca.pem });
  const shown = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
  assert.equal(shown(first.socket), 'server');
  const logged = async (text: RegExp) => {
    while (!started.lines.some(({ msg }) => text.test(msg))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const next = ca.issue('next');
  copyFileSync(next.cert, files.cert);
  await logged(/listener one: changed certificate files are not taken; .*server\.key is not the key of the certificate in .*server\.pem/);
  assert.equal(shown((await tlsClient(t, started.port('one'), { ca: ca.pem })).socket), 'server');
  copyFileSync(next.key, files.key);
  await logged(/listener one: the changed certificate files are in use/);
  assert.equal(shown((await tlsClient(t, started.port('one'), { ca: ca.pem })).socket), 'next');
  first.request(1, 'svc m|');
  assert.equal((await first.received(1))[0]?.body, 'toy svc m|');
});

test('a certificate that has expired is in the log, at the start and when it comes by a change', async (t) => {
  const ca = new CertificateAuthority(t);
  const files = ca.issue('server', { days: -1 });
  const started = await startFromFiles(t, { bootstrap: `${listener(tlsOf(files))}  upstream: 127.0.0.1:1\n` });
  const warnings = () => started.lines.filter(({ msg }) => /^listener one: the certificate in .*server\.pem expired on /.test(msg)).length;
  assert.equal(warnings(), 1);
  const later = ca.issue('later', { days: -1 });
  copyFileSync(later.cert, files.cert);
  copyFileSync(later.key, files.key);
  while (warnings() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
});
