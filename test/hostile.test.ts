import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { type Owner, suiteOwner } from './support/owner.ts';
import { type Answer, WireCaller } from './support/wire/caller.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { DESCRIPTORS, FLAGS, frame, header, requestBody, requestFront, stringMap, text } from './support/wire/dubbo-frames.ts';
import { routeTo, WireProxy, whenHeader } from './support/wire/proxy.ts';
import { noise } from './support/wire/random.ts';
import { SERVICE } from './support/wire/raw-wire.ts';
import { echo, WireService } from './support/wire/service.ts';
import { besideVictim } from './support/wire/victim.ts';

const MIB = 1024 * 1024;
/** Of the proxy, beyond what it had when it was warm. */
const MOST_GROWTH = 96 * MIB;
const CALL = { method: 'echo' };
const WHOLE = dubbo.request(dubbo.id(1), { ...CALL, body: Buffer.from('hello') });

describe('hostile callers harm only themselves', () => {
  const owner = suiteOwner();
  let proxy: WireProxy;
  let warmBytes = 0;

  before(async () => {
    const service = await WireService.start(owner, dubbo, echo('v1'));
    // A rule on an attachment makes the proxy walk through every argument.
    const routes = [routeTo('v1', whenHeader('gray', 'yes')), routeTo('v1')];
    const endpoints = [{ port: service.port, version: 'v1' }];
    proxy = await WireProxy.start(owner, dubbo, { endpoints, routes, bootstrap: { limits: { idleTimeout: '2s' } } });
    await besideVictim(owner, proxy, async () => undefined);
    warmBytes = await proxy.residentBytes();
  });

  /** Runs an attack beside a victim; afterwards nothing of it is left. */
  function attack(name: string, run: (owner: Owner) => Promise<void>): void {
    test(name, async (t) => {
      await besideVictim(t, proxy, () => run(t));
      await proxy.settled();
    });
  }

  async function open(each: Owner): Promise<WireCaller> {
    return WireCaller.connect(each, dubbo, proxy.port);
  }

  attack('a length that is negative closes the connection', async (each) => {
    for (const length of [0x80000000, 0xffffffff]) {
      const caller = await open(each);
      caller.socket.write(header(FLAGS.request, 0, dubbo.id(1), length));
      await caller.ended;
    }
  });

  attack('a request of length zero is answered as bad, and the next one well', async (each) => {
    const caller = await open(each);
    const empty = await caller.send(dubbo.id(1), header(FLAGS.request, 0, dubbo.id(1), 0));
    assertRefused(empty, dubbo.refusals.badRequest);
    assertOk(await caller.say('echo', 'hello'));
  });

  attack('a length of 2 GiB - 1 costs nothing, and is refused as soon as the front is there', async (each) => {
    const callers = await Promise.all(Array.from({ length: 20 }, () => open(each)));
    const front = Buffer.concat([
      header(FLAGS.request, 0, dubbo.id(9), 0x7fffffff),
      requestFront(CALL, DESCRIPTORS.bytes),
      Buffer.alloc(8192),
    ]);
    for (const answer of await Promise.all(callers.map((caller) => caller.send(dubbo.id(9), front))))
      assertRefused(answer, dubbo.refusals.tooLarge);
    for (const caller of callers) caller.socket.destroy();
  });

  attack('a front that never ends is not collected', async (each) => {
    const caller = await open(each);
    const chunk = Buffer.concat([Buffer.from([0x52, 0xff, 0xff]), Buffer.alloc(0xffff, 0x61)]);
    const start = Buffer.concat([header(FLAGS.request, 0, dubbo.id(1), 0x7fffffff), text('2.0.2')]);
    await flood(caller.socket, start, chunk, 192 * MIB, () => caller.closed);
    const grown = (await proxy.residentBytes()) - warmBytes;
    assert.ok(grown < MOST_GROWTH, `the proxy collected ${(grown / MIB).toFixed(0)} MiB`);
    caller.socket.destroy();
  });

  attack('a body that is shorter than its length leaves the request open until the caller goes', async (each) => {
    const caller = await open(each);
    caller.socket.write(WHOLE.subarray(0, WHOLE.length - 3));
    caller.socket.end();
    await caller.ended;
  });

  attack('random bytes behind a right header are answered as bad, one by one', async (each) => {
    const caller = await open(each);
    const answers: Promise<Answer>[] = [];
    for (let id = 100; id < 300; id++) answers.push(caller.send(dubbo.id(id), frame(FLAGS.request, 0, dubbo.id(id), noise(id, id))));
    for (const answer of await Promise.all(answers)) assertRefused(answer, dubbo.refusals.badRequest);
    assertOk(await caller.say('echo', 'hello'));
  });

  attack('random bytes behind the magic close at most their own connection', async (each) => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => plain(each, proxy.port)));
    for (const [seed, socket] of sockets.entries()) socket.end(Buffer.concat([Buffer.from([0xda, 0xbb]), noise(seed, 2000)]));
    await Promise.all(sockets.map(closed));
  });

  attack('100,000 maps inside each other end in an answer', async (each) => {
    const deep = Buffer.alloc(100_000, 'H');
    for (const argument of [deep, Buffer.concat([deep, Buffer.alloc(100_000, 'Z')])]) await assertAnswered(each, argument);
  });

  attack('references to oneself, a thousandfold, end in an answer', async (each) => {
    const lists = Array.from({ length: 20_000 }, () => Buffer.from([0x7a, 0x51, 0x90, 0x51, 0x91]));
    await assertAnswered(each, Buffer.concat([Buffer.from([0x57]), ...lists, Buffer.from('Z')]));
    await assertAnswered(each, Buffer.from([0x51, 0x49, 0x7f, 0xff, 0xff, 0xff]));
  });

  attack('huge counts of fields and elements end in an answer', async (each) => {
    const most = Buffer.from([0x49, 0x7f, 0xff, 0xff, 0xff]);
    const negative = Buffer.from([0x49, 0x80, 0x00, 0x00, 0x00]);
    for (const count of [most, negative]) {
      await assertAnswered(each, Buffer.concat([Buffer.from('C'), text('a.B'), count, Buffer.from('O'), Buffer.from([0x90])]));
      await assertAnswered(each, Buffer.concat([Buffer.from([0x58]), count]));
      await assertAnswered(each, Buffer.concat([Buffer.from('V'), text('[int'), count]));
    }
    const classes = Buffer.concat(
      Array.from({ length: 10_000 }, () => Buffer.concat([Buffer.from('C'), text('a.B'), Buffer.from([0x90])])),
    );
    await assertAnswered(each, Buffer.concat([classes, Buffer.from([0x60])]));
    const fields = Buffer.concat(Array.from({ length: 8 }, () => Buffer.concat([Buffer.from('C'), text('a.B'), most])));
    await assertAnswered(each, fields);
  });

  attack('10,000 heartbeats at once are answered, each', async (each) => {
    const caller = await open(each);
    caller.socket.write(Buffer.concat(Array.from({ length: 10_000 }, (_, id) => dubbo.heartbeat?.(dubbo.id(id)) ?? Buffer.alloc(0))));
    assertOk(await caller.say('echo', 'hello'));
    assert.equal(caller.heartbeatAnswers.length, 10_000);
  });

  attack('what is no Dubbo gets a line and a close', async (each) => {
    for (const [said, wanted] of [
      ['status\r\n', /^OK\r\n$/],
      ['status -l\n', /^OK\r\n$/],
      ['ls\r\n', /^Polywire: /],
      ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', /^Polywire: .*GET/],
    ] as const) {
      const socket = await plain(each, proxy.port);
      const heard = listenTo(socket);
      socket.write(said);
      await once(socket, 'end');
      assert.match(heard(), wanted);
      socket.end();
    }
  });

  attack('TLS is closed without an answer', async (each) => {
    const socket = await plain(each, proxy.port);
    const heard = listenTo(socket);
    socket.write(Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), noise(1, 506)]));
    await closed(socket);
    assert.equal(heard(), '');
  });

  attack('whoever goes on talking after that is not listened to for ever, nor remembered', async (each) => {
    const socket = await plain(each, proxy.port);
    listenTo(socket);
    let gone = false;
    socket.once('close', () => {
      gone = true;
    });
    await flood(socket, Buffer.from('POST / HTTP/1.1\r\n\r\n'), Buffer.alloc(64 * 1024, 0x61), 256 * MIB, () => gone);
    const grown = (await proxy.residentBytes()) - warmBytes;
    assert.ok(grown < MOST_GROWTH, `the proxy remembers ${(grown / MIB).toFixed(0)} MiB`);
    socket.destroy();
  });

  attack('a byte at a time on many connections costs little', async (each) => {
    const before = await proxy.residentBytes();
    const callers = await Promise.all(Array.from({ length: 50 }, () => open(each)));
    const whole = dubbo.request(dubbo.id(1), { ...CALL, body: Buffer.alloc(900, 'x') });
    const answers = callers.map((caller) => caller.expect(dubbo.id(1)));
    for (let at = 0; at < whole.length; at++) {
      for (const caller of callers) caller.socket.write(whole.subarray(at, at + 1));
      if (at % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const answer of await Promise.all(answers)) assertOk(answer);
    const grown = (await proxy.residentBytes()) - before;
    assert.ok(grown < MOST_GROWTH, `the proxy grew by ${(grown / MIB).toFixed(0)} MiB`);
  });

  attack('thousands of connections without a byte are kept until they are idle, then closed', async (each) => {
    const known = (await proxy.stats()).sum('polywire_downstream_connections_total');
    const sockets: Socket[] = [];
    for (let batch = 0; batch < 10; batch++)
      sockets.push(...(await Promise.all(Array.from({ length: 200 }, () => plain(each, proxy.port)))));
    // The first may be idle for long enough before the last are here.
    await proxy.until('2,000 connections', (stats) => stats.sum('polywire_downstream_connections_total') >= known + 2000);
    await Promise.all(sockets.map(closed));
    await proxy.until('no idle connection', (stats) => stats.sum('polywire_downstream_connections_active') <= 2);
  });

  attack('callers that vanish in the middle of anything leave nothing behind', async (each) => {
    for (let cut = 1; cut < WHOLE.length; cut += 7) {
      const socket = await plain(each, proxy.port);
      socket.pause();
      socket.write(WHOLE);
      socket.write(WHOLE.subarray(0, cut), () => socket.resetAndDestroy());
    }
  });

  test('after all this the proxy is as it was', async () => {
    const stats = await proxy.settled();
    const grown = stats.sum('polywire_resident_memory_bytes') - warmBytes;
    assert.ok(grown < MOST_GROWTH, `the proxy grew by ${(grown / MIB).toFixed(1)} MiB`);
    // One that all share, and few that are kept for the next large request.
    await proxy.until('few connections are left', (now) => now.sum('polywire_endpoint_connections_active') <= 9);
  });

  /** Whatever the argument is, the call ends: with the service's answer, or with a refusal. Then the connection still works. */
  async function assertAnswered(each: Owner, argument: Buffer): Promise<void> {
    const caller = await open(each);
    const body = Buffer.concat([requestFront(CALL, 'Ljava/lang/Object;'), argument, stringMap({ path: SERVICE })]);
    const answer = await caller.send(dubbo.id(1), frame(FLAGS.request, 0, dubbo.id(1), body));
    assert.equal(answer.kind, 'answer', 'the connection was closed');
    assertOk(await caller.say('echo', 'hello'));
    caller.socket.destroy();
  }
});

test('a service that nobody offers is refused by name', async (t) => {
  const service = await WireService.start(t, dubbo, echo('v1'));
  const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }] });
  const caller = await WireCaller.connect(t, dubbo, proxy.port);
  const unknown = requestBody({ ...CALL, service: 'com.acme.Nobody' }, DESCRIPTORS.text, text('hello'));
  assertRefused(await caller.send(dubbo.id(7), frame(FLAGS.request, 0, dubbo.id(7), unknown)), dubbo.refusals.noRoute);
});

function assertOk(answer: Answer): void {
  assert.equal(answer.kind === 'answer' ? answer.status : answer.kind, 'ok', answer.kind === 'answer' ? answer.text : '');
}

function assertRefused(answer: Answer, status: string): void {
  assert.equal(answer.kind === 'answer' ? answer.status : answer.kind, status, answer.kind === 'answer' ? answer.text : '');
  assert.ok(answer.kind === 'answer' && answer.text.length > 10, 'a reason is given');
}

async function plain(owner: Owner, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  owner.after(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  // On a slow machine the other side has ended already.
  if (socket.readableEnded) socket.end();
  else socket.once('end', () => socket.end());
  if (!socket.closed) await once(socket, 'close');
}

function listenTo(socket: Socket): () => string {
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  return () => heard;
}

/** Writes as much as the other side takes, up to a limit, or until it takes nothing for half a second. */
async function flood(socket: Socket, start: Buffer, chunk: Buffer, most: number, gone: () => boolean): Promise<void> {
  socket.write(start);
  for (let sent = 0; sent < most && !gone(); sent += chunk.length) {
    if (socket.write(chunk)) continue;
    const moved = await once(socket, 'drain', { signal: AbortSignal.timeout(500) }).catch(() => undefined);
    if (moved === undefined) return;
  }
}
