import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { CertificateAuthority } from '../testing/certificates.ts';
import { startFromFiles } from '../testing/proxy-files.ts';
import { serve } from '../testing/raw-peers.ts';
import { answerOf, material, mesh, negotiated, PLAIN, tlsService } from '../testing/tls-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';

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
