import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { CertificateAuthority, type CertificateFiles, renew, requireOpenssl } from './support/certificates.ts';
import { bootstrap, documents, entries } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, PeerError, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort, listen } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { unequalShapes } from './support/shapes.ts';
import { WireCaller } from './support/wire/caller.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { WireService } from './support/wire/service.ts';
import { direct } from './support/wires.ts';

const LOOPBACK = 'DNS:localhost,IP:127.0.0.1';
const MEBIBYTE = 1024 * 1024;

/** A DestinationRule with TLS for all that the tests call. */
function rule(tls: object): string {
  return documents([{ kind: 'DestinationRule', name: 'tls', spec: { host: '*', trafficPolicy: { tls } } }]);
}

/** A Polywire that takes TLS and hands everything to one plain port. */
function startInbound(owner: Parameters<typeof Polywire.start>[0], tls: object, port: number, more: object = {}): Promise<Polywire> {
  const listener = { name: 'in', address: '127.0.0.1:0', protocols: ['dubbo'], tls, upstream: `127.0.0.1:${port}`, ...more };
  return Polywire.start(owner, { 'polywire.yaml': bootstrap({ listeners: [listener], resources: [] }) });
}

describe('a plain Dubbo consumer, mutual TLS between two proxies, and a plain Dubbo provider', {
  skip: requireJava() || requireOpenssl(),
}, () => {
  const owner = suiteOwner();
  const wire = { module: 'dubbo27', serialization: 'hessian2' } as const;
  let consumer: Consumer;
  let inbound: Polywire;
  let outbound: Polywire;
  let ca: CertificateAuthority;
  let server: CertificateFiles;
  let client: CertificateFiles;

  before(async () => {
    ca = new CertificateAuthority(owner, 'mesh');
    server = ca.issue('server', 'URI:spiffe://mesh/provider');
    client = ca.issue('client', 'URI:spiffe://mesh/consumer');
    const port = await freePort();
    inbound = await startInbound(owner, { ...server, clientCa: ca.file }, port);
    const tls = {
      mode: 'MUTUAL',
      caCertificates: ca.file,
      clientCertificate: client.cert,
      privateKey: client.key,
      subjectAltNames: ['spiffe://mesh/provider'],
    };
    [outbound, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': bootstrap(),
        'mesh/entries.yaml': entries([{ port: inbound.port }]),
        'mesh/tls.yaml': rule(tls),
      }),
      Consumer.start(owner, wire.module),
      Provider.start(owner, wire.module, { exports: [{ name: 'one', port }] }),
    ]);
    await consumer.refer(direct(wire, outbound.port, 'call', 'CallService'));
    await consumer.refer(direct(wire, outbound.port, 'echo', 'EchoService'));
  });

  test('exchange calls of every size', async () => {
    assert.equal((await consumer.who('call', { colour: 'green' })).attachments['colour'], 'green');
    assert.deepEqual(await unequalShapes(consumer, 'echo', wire), {});
    const long = 'x'.repeat(2 * MEBIBYTE);
    assert.equal((await consumer.who('call', {}, long)).token.length, long.length);
    assert.ok((await inbound.stat('polywire_tls_handshakes_total', 'result="ok"')) >= 1);
  });

  test('lose no call while certificates are renewed under load, and new connections see the new ones', async () => {
    const load = consumer.load({ on: 'call', threads: 4, milliseconds: 60_000, pause: 2 });
    const shown = async () => {
      const socket = connectTls({
        port: inbound.port,
        host: '127.0.0.1',
        ca: readFileSync(ca.file),
        checkServerIdentity: () => undefined,
        ...pem(client),
      });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    assert.equal(await shown(), 'server');
    renew(server, ca.issue('renewed', 'URI:spiffe://mesh/provider'));
    renew(client, ca.issue('renewed-client', 'URI:spiffe://mesh/consumer'));
    await inbound.untilLogged('listener in: the changed certificate files are in use');
    await outbound.untilLogged('connections to services: the changed certificate files are in use');
    assert.equal(await shown(), 'renewed');
    const ok = () => outbound.stat('polywire_requests_total', 'outcome="ok"');
    const renewed = await ok();
    while ((await ok()) < renewed + 100);
    await consumer.stopLoad();
    const { lost, mixed, failures } = await load;
    assert.deepEqual([lost, mixed, failures], [0, 0, {}]);
  });

  test('tell the consumer why a provider cannot be trusted', async () => {
    const strangers = new CertificateAuthority(owner, 'strangers');
    const tls = { mode: 'SIMPLE', caCertificates: strangers.file };
    const files = { 'polywire.yaml': bootstrap(), 'mesh/entries.yaml': entries([{ port: inbound.port }]), 'mesh/tls.yaml': rule(tls) };
    const proxy = await Polywire.start(owner, files);
    await consumer.refer(direct(wire, proxy.port, 'mistrusted', 'CallService'));
    const error = await consumer.who('mistrusted').catch((refused: unknown) => refused);
    assert(error instanceof PeerError);
    assert.match(error.message, /TLS: the certificate of the other side is of a CA that is not known here/);
    await proxy.untilLogged(/"level":"warn".*"endpoint":"127\.0\.0\.1:\d+","reason":"TLS: the certificate/);
  });
});

describe('Dubbo 3 with TLS of its own on both sides of the proxy', { skip: requireJava() || requireOpenssl() }, () => {
  test('is called as without', async (t) => {
    const ca = new CertificateAuthority(t, 'mesh');
    const [server, front, client] = [ca.issue('server', LOOPBACK), ca.issue('front', LOOPBACK), ca.issue('client', LOOPBACK)];
    const port = await freePort();
    const parameters = { 'ssl-enabled': 'true' };
    const tls = { mode: 'SIMPLE', caCertificates: ca.file, sni: 'localhost' };
    const listeners = [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'], tls: { ...front, clientCa: ca.file } }];
    const [proxy, consumer] = await Promise.all([
      Polywire.start(t, {
        // The first handshake of a JVM takes seconds on a slow machine.
        'polywire.yaml': bootstrap({ listeners, upstream: { connectTimeout: '60s' } }),
        'mesh/entries.yaml': entries([{ port }]),
        'mesh/tls.yaml': rule(tls),
      }),
      Consumer.start(
        t,
        'dubbo3',
        {},
        {
          'dubbo.ssl.client-trust-cert-collection-path': ca.file,
          'dubbo.ssl.client-key-cert-chain-path': client.cert,
          'dubbo.ssl.client-private-key-path': client.key,
          // Netty 4.2 wants to compare the certificate with a host, of which Dubbo does not tell it.
          'io.netty.handler.ssl.defaultEndpointVerificationAlgorithm': 'NONE',
        },
      ),
      Provider.start(
        t,
        'dubbo3',
        { exports: [{ name: 'one', port, parameters }] },
        {
          'dubbo.ssl.server-key-cert-chain-path': server.cert,
          'dubbo.ssl.server-private-key-path': server.key,
        },
      ),
    ]);
    const wire = { module: 'dubbo3', serialization: 'hessian2' } as const;
    await consumer.refer(direct(wire, proxy.port, 'call', 'CallService', { parameters, timeout: 60_000 }));
    assert.equal((await consumer.who('call', { colour: 'green' })).attachments['colour'], 'green');
    assert.ok((await proxy.stat('polywire_tls_handshakes_total', 'result="ok"')) >= 1);
  });
});

describe('openssl, which knows nothing of Polywire', { skip: requireOpenssl() }, () => {
  /** Runs s_client to the end of its handshake. */
  async function client(port: number, ...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-verify_return_error', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    // The end of its input ends it, once the handshake is done.
    child.stdin.end();
    const [code] = await once(child, 'close');
    return { code, output };
  }

  test('accepts the certificate, is asked for its own, and is refused with what is too old', async (t) => {
    const ca = new CertificateAuthority(t, 'mesh');
    const strangers = new CertificateAuthority(t, 'strangers');
    const service = await WireService.start(t, dubbo, (received) => received.reply(received.text));
    const proxy = await startInbound(t, ca.issue('server', LOOPBACK), service.port);
    for (const version of ['-tls1_2', '-tls1_3']) {
      const { code, output } = await client(proxy.port, '-CAfile', ca.file, version, '-verify_hostname', 'localhost');
      assert.equal(code, 0, output);
      assert.match(output, /Verification: OK/);
    }
    assert.equal((await client(proxy.port, '-CAfile', strangers.file)).code, 1);
    assert.match(
      (await client(proxy.port, '-CAfile', ca.file, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')).output,
      /alert protocol version/,
    );
    assert.match((await client(proxy.port, '-CAfile', ca.file, '-alpn', 'h2,http/1.1')).output, /No ALPN negotiated/);

    const strict = await startInbound(t, { ...ca.issue('strict', LOOPBACK), clientCa: ca.file, minVersion: '1.3' }, service.port);
    assert.match((await client(strict.port, '-CAfile', ca.file, '-tls1_2')).output, /alert protocol version/);
    assert.match((await client(strict.port, '-CAfile', ca.file)).output, /Acceptable client certificate CA names\nCN = mesh/);
    // The client is gone before its end is seen here.
    await strict.until('/stats', (page) => /polywire_tls_handshakes_total\{[^}]*result="failed"\} 2\n/.test(page));
  });

  test('is a service behind opaque bytes', async (t) => {
    const ca = new CertificateAuthority(t, 'mesh');
    const { cert, key } = ca.issue('server', 'DNS:echo.test');
    const port = await freePort();
    const server: ChildProcess = spawn('openssl', ['s_server', '-accept', String(port), '-cert', cert, '-key', key, '-rev'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => void server.kill());
    let said = '';
    while (server.stdout !== null && !said.includes('ACCEPT')) said += String((await once(server.stdout, 'data'))[0]);
    const listeners = [{ name: 'raw', address: '127.0.0.1:0', protocols: ['tcp'], upstream: { host: 'echo.test', port: 7 } }];
    const spec = {
      hosts: ['echo.test'],
      resolution: 'STATIC',
      ports: [{ name: 'tls', number: 7, protocol: 'TLS' }],
      endpoints: [{ address: '127.0.0.1', ports: { tls: port } }],
    };
    const mesh = [documents([{ kind: 'ServiceEntry', name: 'echo', spec }]), rule({ mode: 'SIMPLE', caCertificates: ca.file })].join(
      '---\n',
    );
    const proxy = await Polywire.start(t, { 'polywire.yaml': bootstrap({ listeners }), 'mesh/all.yaml': mesh });
    const caller = connect(proxy.port, '127.0.0.1');
    t.after(() => void caller.destroy());
    caller.write('!dlrow olleh\n');
    let answer = '';
    while (!answer.endsWith('\n')) answer += String((await once(caller, 'data'))[0]);
    assert.equal(answer, 'hello world!\n');
  });
});

describe('a TLS port', { skip: requireOpenssl() }, () => {
  async function setup(t: TestContext, more: object = {}) {
    const ca = new CertificateAuthority(t, 'mesh');
    const service = await WireService.start(t, dubbo, (received) => received.reply(`answer to ${received.text}`));
    const proxy = await startInbound(t, ca.issue('server', LOOPBACK), service.port, more);
    return { ca: readFileSync(ca.file), proxy };
  }

  test('answers its callers while hundreds stall in their handshakes, say nonsense or leave', async (t) => {
    const { ca, proxy } = await setup(t);
    const socket = connectTls({ port: proxy.port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    const victim = WireCaller.over(t, dubbo, socket);
    const starts = [
      Buffer.of(0x16, 3, 1, 2, 0),
      Buffer.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(0),
    ];
    const strangers = Array.from({ length: 400 }, (_, at) => {
      const stranger = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
      t.after(() => void stranger.destroy());
      stranger.write(starts[at % starts.length] ?? '');
      if (at % 3 === 0) stranger.once('connect', () => stranger.destroy());
      return stranger;
    });
    for (let call = 0; call < 200; call++) {
      const answer = await victim.say('m', `call ${call}`);
      assert.equal(answer.kind === 'answer' && answer.text, `answer to call ${call}`);
    }
    for (const stranger of strangers) stranger.destroy();
    await proxy.until('/stats', (page) => /polywire_downstream_connections_active\{listener="in",protocol="dubbo"\} 1\n/.test(page));
    assert.equal(await proxy.stat('polywire_requests_total', 'outcome="ok"'), 200);
  });

  test('makes a caller wait whose service does not read', async (t) => {
    const ca = new CertificateAuthority(t, 'mesh');
    const server = createServer({ pauseOnConnect: true }, (socket) => t.after(() => void socket.destroy()));
    t.after(() => void server.close());
    const proxy = await startInbound(t, ca.issue('server', LOOPBACK), await listen(server), { protocols: ['tcp'] });
    const socket = connectTls({ port: proxy.port, host: '127.0.0.1', servername: 'localhost', ca: readFileSync(ca.file) });
    t.after(() => void socket.destroy());
    await once(socket, 'secureConnect');
    // The end of the proxy is the end of it.
    socket.on('error', () => undefined);
    const chunk = Buffer.alloc(MEBIBYTE);
    let taken = 0;
    const send = () => {
      while (taken < 256 && socket.write(chunk)) taken++;
    };
    socket.on('drain', () => {
      taken++;
      send();
    });
    send();
    let before = -1;
    while (before !== taken) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.ok(taken < 64, `${taken} MiB were taken`);
  });
});

function pem({ cert, key }: CertificateFiles) {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
