import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { FrameProtocol } from '../protocol/spi.ts';
import type { StreamingProtocol } from '../protocol/streaming.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import { CertificateAuthority, type CertificateFiles } from '../testing/certificates.ts';
import { startFromFiles } from '../testing/proxy-files.ts';
import { everything, serve } from '../testing/raw-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { toyFrame, toyProtocol } from '../testing/toy-protocol.ts';
import { collectMetrics } from './metrics.ts';

type Started = Awaited<ReturnType<typeof startFromFiles>>;

function listener(tls: string, more = ''): string {
  return `listeners:\n- name: one\n  address: 127.0.0.1:0\n  protocols: [toy]\n  tls: ${tls}\n${more}`;
}

function tlsOf({ cert, key }: CertificateFiles, more = ''): string {
  return `{cert: ${cert}, key: ${key}${more}}`;
}

/** A caller that speaks the toy protocol by TLS. */
async function tlsClient(t: TestContext, port: number, options: ConnectionOptions): Promise<ToyClient & { readonly socket: TLSSocket }> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options });
  t.after(() => socket.destroy());
  const client = new ToyClient(socket);
  await once(socket, 'secureConnect');
  return Object.assign(client, { socket });
}

function handshakes({ proxy }: Started): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { family, labels, value } of collectMetrics(proxy)) {
    if (family.name !== 'polywire_tls_handshakes_total' || typeof value !== 'number' || value === 0) continue;
    found[labels['result'] ?? ''] = value;
  }
  return found;
}

/** A service by TLS, and the mesh resources that lead to it. */
async function tlsService(t: TestContext, options: TlsOptions): Promise<{ readonly port: number; readonly accepted: TLSSocket[] }> {
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

function mesh(port: number, tls: string, subset = ''): string {
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

const PLAIN = 'listeners:\n- name: one\n  address: 127.0.0.1:0\n  protocols: [toy]\n';

/** What a caller gets for one request. */
async function answerOf(t: TestContext, port: number): Promise<string> {
  const client = await ToyClient.connect(port);
  t.after(() => client.socket.destroy());
  client.request(1, 'users.test m|');
  const [answer] = await client.received(1);
  return answer?.body ?? '';
}

const material = ({ cert, key }: CertificateFiles) => ({ cert: readFileSync(cert), key: readFileSync(key) });

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
  const limits = '  upstream: 127.0.0.1:1\nlimits: {tlsHandshakeTimeout: 100ms, maxConnectionsPerListener: 2}\n';
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
  assert.ok(started.lines.some(({ reason }) => reason === 'no end of the TLS handshake within 100 ms, and not a byte of it'));
});

test('services are connected to by TLS when their DestinationRule says so', async (t) => {
  const ca = new CertificateAuthority(t);
  const clientCa = new CertificateAuthority(t, 'clients');
  const service = await tlsService(t, {
    ...material(ca.issue('server', { names: 'DNS:users.test,URI:spiffe://acme/users,IP:10.1.1.1' })),
    ca: clientCa.pem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const common = `caCertificates: ${ca.files.cert}`;
  const client = clientCa.issue('client');
  const settings: readonly (readonly [tls: string, servername: string, authorized: boolean])[] = [
    [`{mode: SIMPLE, ${common}}`, 'users.test', false],
    [`{mode: SIMPLE, ${common}, sni: other.test, subjectAltNames: [nobody.test, "spiffe://acme/users"]}`, 'other.test', false],
    [`{mode: SIMPLE, ${common}, subjectAltNames: [10.1.1.1]}`, 'users.test', false],
    ['{mode: SIMPLE, insecureSkipVerify: true}', 'users.test', false],
    [`{mode: MUTUAL, ${common}, clientCertificate: ${client.cert}, privateKey: ${client.key}}`, 'users.test', true],
  ];
  for (const [tls, servername, authorized] of settings) {
    const { port } = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh(service.port, tls) });
    assert.equal(await answerOf(t, port('one')), 'secured users.test m|', tls);
    const socket = service.accepted.at(-1);
    assert.deepEqual([socket?.servername, socket?.authorized], [servername, authorized], tls);
  }
});

test('a service whose certificate is not right gets no request, and callers are told why', async (t) => {
  const ca = new CertificateAuthority(t);
  const strangers = new CertificateAuthority(t, 'strangers');
  const right = await tlsService(t, material(ca.issue('server', { names: 'DNS:users.test,URI:spiffe://acme/users' })));
  const expired = await tlsService(t, material(ca.issue('old', { names: 'DNS:users.test', days: -1 })));
  const plain = await serve(t, (socket) => socket.end('a greeting of MySQL, say'));
  const trusted = `mode: SIMPLE, caCertificates: ${ca.files.cert}`;
  const cases: readonly (readonly [port: number, tls: string, reason: RegExp])[] = [
    [right.port, `{mode: SIMPLE, caCertificates: ${strangers.files.cert}}`, /is of a CA that is not known here/],
    [right.port, '{mode: SIMPLE}', /is of a CA that is not known here/],
    [right.port, `{${trusted}, sni: other.test}`, /is for DNS:users\.test, URI:spiffe:\/\/acme\/users, not for other\.test/],
    [
      right.port,
      `{${trusted}, subjectAltNames: ["spiffe://acme/user", 10.0.0.1, user.test]}`,
      /not for spiffe:\/\/acme\/user or 10\.0\.0\.1 or/,
    ],
    [expired.port, `{${trusted}}`, /the certificate of the other side has expired/],
    [plain, `{${trusted}}`, /answered with bytes that are no TLS/],
  ];
  for (const [port, tls, reason] of cases) {
    const started = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh(port, tls) });
    const answer = await answerOf(t, started.port('one'));
    assert.match(answer, reason);
    assert.match(answer, /TLS: .*next attempt in \d+ ms/);
  }
});

/** The toy protocol under another name, with a name in TLS's negotiation, as one with streams of its own. */
function negotiated(name: string): StreamingProtocol {
  const toy: FrameProtocol = { ...toyProtocol(), name };
  return {
    name,
    alpn: [`${name}/2`, `${name}/1`],
    capabilities: ['routing'],
    detect: () => 'no-match',
    streams: ({ limits }) => frameProtocol(toy, limits, new FrameUpstreamCounts()),
  };
}

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

test('names of a protocol are offered to services, and one that chooses another name gets no request', async (t) => {
  const ca = new CertificateAuthority(t);
  const server = material(ca.issue('server', { names: 'DNS:users.test' }));
  const bootstrap = PLAIN.replace('[toy]', '[swift]');
  const start = async (options: TlsOptions) => {
    const service = await tlsService(t, { ...server, ...options });
    const tls = `{mode: SIMPLE, caCertificates: ${ca.files.cert}}`;
    const resources = mesh(service.port, tls).replaceAll('toy-main', 'swift-main');
    const { port } = await startFromFiles(t, { bootstrap, mesh: resources, protocols: [negotiated('swift')] });
    return { answer: await answerOf(t, port('one')), chosen: service.accepted.at(-1)?.alpnProtocol };
  };
  assert.deepEqual(await start({ ALPNProtocols: ['swift/1', 'x'] }), { answer: 'secured users.test m|', chosen: 'swift/1' });
  assert.deepEqual(await start({}), { answer: 'secured users.test m|', chosen: false });
  assert.match((await start({ ALPNProtocols: ['x'] })).answer, /speaks none of the protocols that were offered to it/);
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

test('a subset may have TLS of its own, or none', async (t) => {
  const ca = new CertificateAuthority(t);
  const toy = await ToyServer.start(echo('plain'));
  t.after(() => toy.stop());
  const subset = `
  subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {tls: {mode: DISABLE}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: users}
spec: {hosts: [users.test], http: [{route: [{destination: {host: users.test, subset: v1}}]}]}
`;
  const tls = `{mode: SIMPLE, caCertificates: ${ca.files.cert}}`;
  const { port } = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh(toy.port, tls, subset) });
  assert.equal(await answerOf(t, port('one')), 'plain users.test m|');
});

test('a service that does not accept the certificate that it is shown gets no more requests for a while, and callers are told', async (t) => {
  const ca = new CertificateAuthority(t);
  const strangers = new CertificateAuthority(t, 'strangers');
  const shown = strangers.issue('client');
  const settings = `caCertificates: ${ca.files.cert}, clientCertificate: ${shown.cert}, privateKey: ${shown.key}`;
  for (const [version, reason] of [
    ['TLSv1.3', /closed by the other side after the TLS handshake: does it accept the certificate that it was shown\?/],
    ['TLSv1.2', /closed by the other side|ended the connection during the handshake/],
  ] as const) {
    const options = { ...material(ca.issue('server', { names: 'DNS:users.test' })), ca: ca.pem, requestCert: true, maxVersion: version };
    const service = await tlsService(t, options);
    const started = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh(service.port, `{mode: MUTUAL, ${settings}}`) });
    assert.match(await answerOf(t, started.port('one')), reason);
    assert.match(await answerOf(t, started.port('one')), /no-healthy-upstream: .*next attempt in \d+ ms/);
  }
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

test('plain requests and those by TLS share no connection, though their service has one address', async (t) => {
  const ca = new CertificateAuthority(t);
  const seen: string[] = [];
  const toy = await ToyServer.start(echo('toy'));
  t.after(() => toy.stop());
  const pass = (how: string) => (socket: Socket) => {
    seen.push(how);
    socket
      .on('error', () => undefined)
      .pipe(connect(toy.port, '127.0.0.1'))
      .on('error', () => undefined)
      .pipe(socket);
  };
  const secured = createServer(material(ca.issue('server', { names: 'DNS:users.test' })), pass('secured'));
  const both = await serve(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === 0x16) secured.emit('connection', socket);
      else pass('plain')(socket);
    });
  });
  const subset = `
  subsets: [{name: plain, trafficPolicy: {tls: {mode: DISABLE}}}, {name: same}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: users}
spec:
  hosts: [users.test]
  http:
  - {match: [{headers: {how: {exact: plain}}}], route: [{destination: {host: users.test, subset: plain}}]}
  - {match: [{headers: {how: {exact: same}}}], route: [{destination: {host: users.test, subset: same}}]}
  - {route: [{destination: {host: users.test}}]}
`;
  const resources = mesh(both, `{mode: SIMPLE, caCertificates: ${ca.files.cert}}`, subset);
  const started = await startFromFiles(t, { bootstrap: PLAIN, mesh: resources });
  const client = await ToyClient.connect(started.port('one'));
  t.after(() => client.socket.destroy());
  for (const [at, how] of ['', 'how=plain', '', 'how=same', 'how=plain'].entries()) {
    client.request(at, `users.test m ${how}|`);
    assert.match((await client.received(at + 1))[at]?.body ?? '', /^toy /);
  }
  assert.deepEqual(seen, ['secured', 'plain']);
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

test('changed files of a DestinationRule are used for new connections, and a rule refused for a missing file is taken when it comes', async (t) => {
  const ca = new CertificateAuthority(t);
  const clients = new CertificateAuthority(t, 'clients');
  const options = {
    ...material(ca.issue('server', { names: 'DNS:users.test' })),
    ca: clients.pem,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const service = await tlsService(t, options);
  const client = clients.issue('client');
  const settings = `caCertificates: ${ca.files.cert}, clientCertificate: ${client.cert}, privateKey: ${client.key}`;
  const started = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh(service.port, `{mode: MUTUAL, ${settings}}`) });
  const logged = async (text: RegExp) => {
    while (!started.lines.some(({ msg }) => text.test(msg))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  assert.equal(await answerOf(t, started.port('one')), 'secured users.test m|');
  const next = clients.issue('next');
  copyFileSync(next.key, client.key);
  copyFileSync(next.cert, client.cert);
  await logged(/connections to services: the changed certificate files are in use/);
  for (const socket of service.accepted) socket.destroy();
  while ((await answerOf(t, started.port('one'))) !== 'secured users.test m|');
  assert.equal(service.accepted.at(-1)?.getPeerCertificate().subject.CN, 'next');

  const late = ca.path('late.pem');
  started.write(mesh(service.port, `{mode: SIMPLE, caCertificates: ${late}}`));
  await logged(/mesh\.yaml:\d+:\d+: .*late\.pem cannot be read: there is no such file/);
  await logged(/the changed resources are not taken/);
  copyFileSync(ca.files.cert, late);
  await logged(/the changed resources are in force/);
});
