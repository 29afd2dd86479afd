import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Answer, WireCaller } from './support/dubbo-wire/caller.ts';
import { binary, FLAGS, header, requestFront, response, STATUS, stringMap } from './support/dubbo-wire/frame.ts';
import { routeTo, SERVICE, WireProxy, type WireProxyOptions } from './support/dubbo-wire/proxy.ts';
import { type Handler, WireService } from './support/dubbo-wire/service.ts';
import { besideVictim } from './support/dubbo-wire/victim.ts';

const MIB = 1024 * 1024;
/** Of the proxy, while frames of 64 MiB pass through it. */
const MOST_GROWTH = 40 * MIB;
const PARALLEL = 3;
const CALL = { service: SERVICE, method: 'upload' };

/** `size` bytes of argument, framed but for the header, with attachments behind. */
function largeBody(size: number, attachments: Readonly<Record<string, string>> = {}): Buffer {
  return Buffer.concat([requestFront(CALL, '[B'), binary(size), stringMap({ path: SERVICE, ...attachments })]);
}

function send(caller: WireCaller, body: Buffer): Promise<Answer> {
  const id = caller.nextId();
  const answer = caller.expect(id);
  caller.socket.write(header(FLAGS.request, 0, id, body.length));
  caller.socket.write(body);
  return answer;
}

function digest(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** Answers small calls as `echo` does, and `upload` with the digest of what came. */
function uploads(name: string): Handler {
  return ({ method, frame, argument, reply }) => reply(method === 'upload' ? `${name}|${frame.digest}` : `${name}|${argument}`);
}

async function start(t: TestContext, handler: Handler, options: Partial<WireProxyOptions> = {}): Promise<WireProxy> {
  const service = await WireService.start(t, handler);
  return WireProxy.start(t, { endpoints: [{ port: service.port }], ...options });
}

/** Runs `work` and gives the most memory that the proxy had meanwhile beyond what it had before, in bytes. */
async function growth(proxy: WireProxy, work: () => Promise<void>): Promise<number> {
  const base = await proxy.residentBytes();
  let most = base;
  let over = false;
  const watching = (async () => {
    while (!over) {
      most = Math.max(most, await proxy.residentBytes());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await work();
  over = true;
  await watching;
  return most - base;
}

/** The first large frame makes the proxy's buffers; what is measured is what each further one costs. */
async function assertFlat(proxy: WireProxy, work: () => Promise<void>): Promise<void> {
  await work();
  const grown = await growth(proxy, work);
  assert.ok(grown < MOST_GROWTH, `the proxy grew by ${(grown / MIB).toFixed(1)} MiB`);
  await proxy.settled();
}

test('requests of 64 MiB pass byte for byte, beside small ones, in little memory', { timeout: 60_000 }, async (t) => {
  const proxy = await start(t, uploads('v1'), { bootstrap: { listeners: [routeOnly] } });
  const body = largeBody(64 * MIB - 64 * 1024);
  const wanted = `v1|${digest(body)}`;
  const callers = await Promise.all(Array.from({ length: PARALLEL }, () => WireCaller.connect(t, proxy.port)));
  await assertFlat(proxy, () =>
    besideVictim(t, proxy, async () => {
      for (const answer of await Promise.all(callers.map((caller) => send(caller, body)))) assert.equal(textOf(answer), wanted);
    }),
  );
});

test('answers of 64 MiB pass byte for byte, in little memory, though their callers read slowly', { timeout: 60_000 }, async (t) => {
  const value = binary(64 * MIB - 64 * 1024);
  const answer = response(0n, value);
  const wanted = digest(answer.subarray(16));
  // A large request has a connection of its own, so that its answer can wait for the caller.
  const proxy = await start(t, ({ method, argument, frame, socket, reply }) => {
    if (method !== 'upload') return reply(`v1|${argument}`);
    socket.write(header(FLAGS.response, STATUS.ok, frame.id, answer.length - 16));
    socket.write(answer.subarray(16));
  });
  const body = largeBody(200_000);
  const callers = await Promise.all(Array.from({ length: PARALLEL }, () => WireCaller.connect(t, proxy.port)));
  await assertFlat(proxy, () =>
    besideVictim(t, proxy, async () => {
      const answers = callers.map((caller) => send(caller, body));
      for (const caller of callers) caller.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const caller of callers) caller.socket.resume();
      for (const each of await Promise.all(answers)) assert.equal(each.kind === 'answer' ? each.frame.digest : each.kind, wanted);
    }),
  );
});

/** Does not read the caller's deadline, which is behind the arguments. */
const routeOnly = { name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'], deadline: 'route' };

async function gray(t: TestContext, limits: object = {}): Promise<WireProxy> {
  const [v1, v2] = await Promise.all([WireService.start(t, uploads('v1')), WireService.start(t, uploads('v2'))]);
  return WireProxy.start(t, {
    endpoints: [
      { port: v1.port, version: 'v1' },
      { port: v2.port, version: 'v2' },
    ],
    routes: [routeTo('v2', { headers: { gray: { exact: 'yes' } } }), routeTo('v1')],
    bootstrap: { limits },
  });
}

test('a rule on an attachment behind 4 MiB of argument still decides', async (t) => {
  const proxy = await gray(t);
  const caller = await WireCaller.connect(t, proxy.port);
  const [plain, marked] = [largeBody(4 * MIB), largeBody(4 * MIB, { gray: 'yes' })];
  await besideVictim(t, proxy, async () => {
    assert.equal(textOf(await send(caller, marked)), `v2|${digest(marked)}`);
    assert.equal(textOf(await send(caller, plain)), `v1|${digest(plain)}`);
  });
  await proxy.settled();
});

test('beyond limits.maxBufferedFrontBytes it is refused as too large, and the connection stays in step', async (t) => {
  const proxy = await gray(t, { maxBufferedFrontBytes: '1MiB' });
  const caller = await WireCaller.connect(t, proxy.port);
  for (let turn = 0; turn < 3; turn++) {
    const refused = send(caller, largeBody(4 * MIB, { gray: 'yes' }));
    const small = caller.call({ service: SERVICE, method: 'echo', argument: 'after', attachments: { gray: 'yes' } });
    assertRefused(await refused, /limits\.maxBufferedFrontBytes/);
    assert.equal(textOf(await small), 'v2|after');
  }
  await proxy.settled();
});

test('beyond limits.maxFrameBytes likewise, in both directions', async (t) => {
  const answer = response(0n, binary(4 * MIB));
  const proxy = await start(
    t,
    ({ method, argument, frame, socket, reply }) => {
      if (method !== 'download') return reply(`v1|${argument}`);
      socket.write(header(FLAGS.response, STATUS.ok, frame.id, answer.length - 16));
      socket.write(answer.subarray(16));
    },
    { bootstrap: { limits: { maxFrameBytes: '2MiB', maxBufferedFrontBytes: '1MiB' } } },
  );
  const caller = await WireCaller.connect(t, proxy.port);
  for (let turn = 0; turn < 3; turn++) {
    const refused = send(caller, largeBody(4 * MIB));
    const download = caller.call({ service: SERVICE, method: 'download', argument: '' });
    const small = caller.call({ service: SERVICE, method: 'echo', argument: 'after' });
    assertRefused(await refused, /limits\.maxFrameBytes/);
    const answered = await download;
    assert.match(textOf(answered), /limits\.maxFrameBytes/);
    assert.equal(textOf(await small), 'v1|after');
  }
  await proxy.settled();
});

test('a service that answers before it has read the request does not cost a connection for ever', async (t) => {
  const service = await WireService.start(t, ({ argument, reply }) => reply(`v1|${argument}`));
  const proxy = await WireProxy.start(t, { endpoints: [{ port: service.port }], bootstrap: { listeners: [routeOnly] } });
  const caller = await WireCaller.connect(t, proxy.port);
  const body = largeBody(2 * MIB);
  for (let turn = 0; turn < 20; turn++) {
    const id = caller.nextId();
    const answer = caller.expect(id);
    const known = service.accepted;
    caller.socket.write(header(FLAGS.request, 0, id, body.length));
    caller.socket.write(body.subarray(0, MIB));
    const own = await newestSocket(service, known);
    own.write(response(1n, 'too early'));
    assert.equal(textOf(await answer), 'too early');
    caller.socket.write(body.subarray(MIB));
    assert.equal(textOf(await caller.call({ service: SERVICE, method: 'echo', argument: 'after' })), 'v1|after');
  }
  await proxy.settled();
  await proxy.until('no connection is left over', (stats) => stats.sum('polywire_endpoint_connections_active') <= 2);
});

async function newestSocket(service: WireService, known: number) {
  while (service.accepted === known) await new Promise(setImmediate);
  const newest = [...service.sockets].at(-1);
  if (newest === undefined) throw new Error('no connection');
  return newest;
}

function textOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.text : answer.kind;
}

function assertRefused(answer: Answer, reason: RegExp): void {
  assert.equal(answer.kind === 'answer' ? answer.status : answer.kind, STATUS.tooLarge, textOf(answer));
  assert.match(textOf(answer), reason);
}
