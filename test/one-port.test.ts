import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { stringify } from 'yaml';
import { mysqlQuery, startMysqlServer } from './support/mysql.ts';
import { Polywire } from './support/polywire.ts';
import { listen } from './support/ports.ts';
import { boltV1, boltV2 } from './support/wire/bolt.ts';
import { WireCaller } from './support/wire/caller.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { type RawWire, SERVICE } from './support/wire/raw-wire.ts';
import { WireService } from './support/wire/service.ts';
import { thriftFramedBinary, thriftHeaderBinary, thriftUnframedBinary } from './support/wire/thrift.ts';

const PROTOCOLS = ['dubbo', 'bolt', { name: 'thrift', settings: { service: SERVICE } }];

/** One listener on a free port; `more` are its keys. */
function start(t: TestContext, more: object, mesh = '', bootstrap: object = {}): Promise<Polywire> {
  const listeners = [{ name: 'one', address: '127.0.0.1:0', protocols: PROTOCOLS, ...more }];
  const files = { listeners, admin: { address: '127.0.0.1:0' }, resources: ['mesh.yaml'], log: { level: 'warn' }, ...bootstrap };
  return Polywire.start(t, { 'polywire.yaml': stringify(files), 'mesh.yaml': mesh });
}

function serviceEntry(name: string, wire: RawWire, service: string, port: number): string {
  return `${stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, annotations: { 'polywire.io/service': service, ...wire.annotations } },
    spec: {
      hosts: [`${name}.test`],
      resolution: 'STATIC',
      ports: [{ number: 80, name: `${wire.protocol}-main`, protocol: 'TCP' }],
      endpoints: [{ address: '127.0.0.1', ports: { [`${wire.protocol}-main`]: port } }],
    },
  })}---\n`;
}

/** Where the proxy writes what it refuses: until a line of its log says it. */
async function logged(proxy: Polywire, text: string): Promise<string> {
  await proxy.untilLogged(text);
  return proxy.log.split('\n').find((each) => each.includes(text)) ?? '';
}

describe('one port', () => {
  test('takes Dubbo, Bolt and Thrift, each to its own service, whole or byte by byte', async (t) => {
    const services = [
      { wire: dubbo, callers: [dubbo], name: 'com.acme.Dubbo' },
      { wire: boltV2, callers: [boltV1, boltV2], name: 'com.acme.Bolt' },
      { wire: thriftFramedBinary, callers: [thriftFramedBinary, thriftUnframedBinary, thriftHeaderBinary], name: SERVICE },
    ];
    let mesh = '';
    for (const { wire, name } of services) {
      const service = await WireService.start(t, wire, (received) => received.reply(`${wire.protocol} ${received.text}`));
      mesh += serviceEntry(wire.protocol, wire, name, service.port);
    }
    const proxy = await start(t, {}, mesh);
    for (const { callers, wire, name } of services) {
      // One that differs from its service in more than the detection needs another test.
      const sameForm = callers.filter((caller) => caller === wire);
      for (const caller of sameForm) {
        const whole = await WireCaller.connect(t, caller, proxy.port);
        const answer = await whole.call({ service: name, method: 'm', body: Buffer.from('hi') });
        assert.equal(answer.kind === 'answer' && answer.text, `${wire.protocol} hi`, caller.name);
        const slow = await WireCaller.connect(t, caller, proxy.port);
        const id = slow.nextId();
        const bytes = caller.request(id, { service: name, method: 'm', body: Buffer.from('slow') });
        const trickled = slow.expect(id);
        for (const byte of bytes.subarray(0, 12)) {
          slow.socket.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
        slow.socket.write(bytes.subarray(12));
        const late = await trickled;
        assert.equal(late.kind === 'answer' && late.text, `${wire.protocol} slow`, caller.name);
      }
      for (const caller of callers) {
        const before = await proxy.stat('polywire_downstream_connections_total');
        const client = await WireCaller.connect(t, caller, proxy.port);
        const answer = await client.call({ service: 'com.acme.Nobody', method: 'm', body: Buffer.from('x') });
        assert.equal(answer.kind, 'answer', `${caller.name}: an answer in its own protocol`);
        assert.equal(await proxy.stat('polywire_downstream_connections_total'), before + 1);
      }
    }
    for (const { wire, callers } of services) {
      const count = callers.length + 2;
      assert.equal(await proxy.stat('polywire_detected_connections_total', `protocol="${wire.protocol}"`), count);
    }
  });

  test('refuses TLS and HTTP by their names', async (t) => {
    const proxy = await start(t, {});
    const tls = connectTls({ host: '127.0.0.1', port: proxy.port, rejectUnauthorized: false });
    await once(tls, 'error');
    assert.match(await logged(proxy, '"seen":"tls"'), /speaks none of dubbo, bolt, thrift.*switch TLS off/);
    const request = get({ host: '127.0.0.1', port: proxy.port, path: '/health' });
    assert.match(String((await once(request, 'error'))[0]), /socket hang up|ECONNRESET/);
    assert.match(await logged(proxy, '"seen":"http1"'), /"peer":"127\.0\.0\.1:\d+".*"bytes":"474554202f6865616c7468/);
    assert.equal(await proxy.stat('polywire_unrecognised_connections_total'), 2);
  });

  test('passes MySQL on, whose server speaks first, beside Dubbo', async (t) => {
    const service = await WireService.start(t, dubbo, (received) => received.reply(`dubbo ${received.text}`));
    const mysql = await startMysqlServer(t);
    const proxy = await start(
      t,
      { detection: { timeout: '1s', fallback: { opaque: `127.0.0.1:${mysql}` } } },
      serviceEntry('dubbo', dubbo, SERVICE, service.port),
    );
    const [rows, answer] = await Promise.all([
      mysqlQuery(proxy.port, 'select 1'),
      WireCaller.connect(t, dubbo, proxy.port).then((caller) => caller.say('m', 'hi')),
    ]);
    assert.deepEqual(rows, [{ asked: 'select 1' }]);
    assert.equal(answer.kind === 'answer' && answer.text, 'dubbo hi');
    assert.equal(await proxy.stat('polywire_unrecognised_connections_total', 'seen="silent"'), 1);
  });
});

describe('bytes as they are', () => {
  const TOTAL = 64 * 1024 * 1024;

  async function echo(t: TestContext): Promise<{ readonly proxy: Polywire; readonly socket: Socket }> {
    const server = createServer({ allowHalfOpen: true }, (peer) => {
      peer.on('error', () => undefined);
      peer.pipe(peer);
    });
    t.after(() => void server.close());
    const port = await listen(server);
    const proxy = await start(t, { protocols: ['tcp'], upstream: `127.0.0.1:${port}` });
    const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true });
    t.after(() => void socket.destroy());
    await once(socket, 'connect');
    return { proxy, socket };
  }

  test('are echoed behind the end of the caller', async (t) => {
    const { proxy, socket } = await echo(t);
    socket.end('and all of it comes back');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'end');
    assert.equal(Buffer.concat(chunks).toString(), 'and all of it comes back');
    await proxy.until('/stats', (page) => /polywire_opaque_connections_total\{listener="one",end="ok"\} 1\n/.test(page));
  });

  test('take little memory, 64 MiB to a caller that reads slowly', async (t) => {
    const { proxy, socket } = await echo(t);
    const before = await proxy.stat('polywire_resident_memory_bytes');
    socket.pause();
    let left = TOTAL;
    const chunk = Buffer.alloc(256 * 1024, 7);
    const write = () => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', write);
    write();
    // What nobody reads stands still: in the buffers of the kernel, and little in the proxy.
    await proxy.until('/stats', standsStill());
    assert.ok(left > TOTAL / 2, `${TOTAL - left} bytes were taken from the caller`);
    let received = 0;
    socket.on('data', (data: Buffer) => {
      received += data.length;
      if (data.some((byte) => byte !== 7)) received = Number.NaN;
    });
    socket.resume();
    await once(socket, 'end');
    assert.equal(received, TOTAL);
    const grown = (await proxy.stat('polywire_resident_memory_bytes')) - before;
    assert.ok(grown < 48 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more`);
  });
});

/** Whether the bytes that were passed on stayed the same from one look, some time ago, to the next. */
function standsStill(): (page: string) => boolean {
  let last = '';
  let since = Date.now();
  return (page) => {
    const now = page.split('\n').find((line) => line.startsWith('polywire_opaque_received_bytes_total')) ?? '';
    if (now !== last) since = Date.now();
    last = now;
    return now !== '' && Date.now() - since > 300;
  };
}
