import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { DISTINCT_WIRES } from './support/wire/all.ts';
import { type Answer, assertClean, WireCaller } from './support/wire/caller.ts';
import { routeTo, WireProxy, type WireProxyOptions, whenHeader } from './support/wire/proxy.ts';
import { pattern, type RawWire } from './support/wire/raw-wire.ts';
import { type Handler, WireService } from './support/wire/service.ts';
import { digest } from './support/wire/splitter.ts';
import { besideVictim } from './support/wire/victim.ts';

const MIB = 1024 * 1024;
const LARGE = 64 * MIB - 64 * 1024;
/** Of the proxy, while three frames of 64 MiB pass through it: watermarks, and what was not collected yet. It never holds even one. */
const MOST_GROWTH = 60 * MIB;
const PARALLEL = 3;
/** Does not read the caller's deadline, which can be behind the argument. */
const ROUTE_ONLY = { deadline: 'route' };

for (const wire of DISTINCT_WIRES.filter(({ has }) => has.lengthInFront)) {
  describe(`large frames over ${wire.name}`, { timeout: 300_000 }, () => largeFrames(wire));
}

function largeFrames(wire: RawWire): void {
  async function start(t: TestContext, handler: Handler, options: Partial<WireProxyOptions> = {}): Promise<WireProxy> {
    const service = await WireService.start(t, wire, handler);
    return WireProxy.start(t, wire, { endpoints: [{ port: service.port }], listener: ROUTE_ONLY, ...options });
  }
  const open = (t: TestContext, proxy: WireProxy) => WireCaller.connect(t, wire, proxy.port);

  test('requests of 64 MiB pass byte for byte, beside small ones, in little memory', async (t) => {
    const proxy = await start(t, uploads('v1'));
    const id = wire.id(7);
    const request = wire.request(id, { method: 'upload', body: pattern(LARGE) });
    const wanted = `v1|${digest(wire, request)}`;
    const callers = await Promise.all(Array.from({ length: PARALLEL }, () => open(t, proxy)));
    await assertFlat(proxy, () =>
      besideVictim(t, proxy, async () => {
        for (const answer of await Promise.all(callers.map((caller) => caller.send(id, request)))) assert.equal(textOf(answer), wanted);
      }),
    );
  });

  test('answers of 64 MiB pass byte for byte, in little memory, though their callers read slowly', async (t) => {
    const large = wire.answer(wire.id(1), 'upload', pattern(LARGE));
    const wanted = digest(wire, large);
    // A large request has a connection of its own, so that its answer can wait for the caller.
    const proxy = await start(t, (received) => {
      const { method, message, socket, text, reply } = received;
      if (method === 'upload') socket.write(wire.withId(large, message.id));
      else reply(`v1|${text}`);
    });
    const body = pattern(200_000);
    const callers = await Promise.all(Array.from({ length: PARALLEL }, () => open(t, proxy)));
    await assertFlat(proxy, () =>
      besideVictim(t, proxy, async () => {
        const answers = callers.map((caller) => caller.call({ method: 'upload', body }));
        for (const caller of callers) caller.socket.pause();
        await new Promise((resolve) => setTimeout(resolve, 200));
        for (const caller of callers) caller.socket.resume();
        for (const each of await Promise.all(answers)) assert.equal(each.kind === 'answer' ? each.message.digest : each.kind, wanted);
      }),
    );
  });

  test('beyond limits.maxFrameBytes they are refused, in both directions', async (t) => {
    const proxy = await start(t, ({ method, text, reply }) => reply(method === 'download' ? pattern(4 * MIB) : `v1|${text}`), {
      bootstrap: { limits: { maxFrameBytes: '2MiB', maxBufferedFrontBytes: '1MiB' } },
    });
    const caller = await open(t, proxy);
    for (let turn = 0; turn < 3; turn++) {
      const refused = caller.call({ method: 'upload', body: pattern(4 * MIB) });
      const [download, small] = [caller.say('download'), caller.say('echo', 'after')];
      assertRefused(await refused, /limits\.maxFrameBytes/);
      assert.match(textOf(await download), /limits\.maxFrameBytes/);
      assert.equal(textOf(await small), 'v1|after');
    }
    await proxy.settled();
  });

  test('a service that answers before it has read the request does not cost a connection for ever', async (t) => {
    const service = await WireService.start(t, wire, ({ text, reply }) => reply(`v1|${text}`));
    const proxy = await WireProxy.start(t, wire, { endpoints: [{ port: service.port }], listener: ROUTE_ONLY });
    const caller = await open(t, proxy);
    for (let turn = 0; turn < 20; turn++) {
      const id = caller.nextId();
      const request = wire.request(id, { method: 'upload', body: pattern(2 * MIB) });
      const known = service.accepted;
      const answer = caller.send(id, request.subarray(0, MIB));
      const own = await newestSocket(service, known);
      // The first id that a connection is given.
      own.write(wire.answer(wire.id(1), 'upload', Buffer.from('too early')));
      assert.equal(textOf(await answer), 'too early');
      caller.socket.write(request.subarray(MIB));
      assert.equal(textOf(await caller.say('echo', 'after')), 'v1|after');
    }
    await proxy.settled();
    await proxy.until('no connection is left over', (stats) => stats.sum('polywire_endpoint_connections_active') <= 2);
  });

  if (!wire.has.headers) return;

  async function gray(t: TestContext, limits: object = {}): Promise<WireProxy> {
    const [v1, v2] = await Promise.all([WireService.start(t, wire, uploads('v1')), WireService.start(t, wire, uploads('v2'))]);
    return WireProxy.start(t, wire, {
      endpoints: [
        { port: v1.port, version: 'v1' },
        { port: v2.port, version: 'v2' },
      ],
      routes: [routeTo('v2', whenHeader('gray', 'yes')), routeTo('v1')],
      bootstrap: { limits },
    });
  }
  const marked = { gray: 'yes' };

  test('a rule on a header of a request of 4 MiB decides', async (t) => {
    const proxy = await gray(t);
    const caller = await open(t, proxy);
    await besideVictim(t, proxy, async () => {
      for (const [headers, version] of [[marked, 'v2'] as const, [{}, 'v1'] as const]) {
        const id = caller.nextId();
        const request = wire.request(id, { method: 'upload', body: pattern(4 * MIB), headers });
        assert.equal(textOf(await caller.send(id, request)), `${version}|${digest(wire, request)}`);
      }
    });
    assertClean(caller);
    await proxy.settled();
  });

  if (!wire.has.headersBehind) return;

  test('beyond limits.maxBufferedFrontBytes it is refused as too large, and the connection stays in step', async (t) => {
    const proxy = await gray(t, { maxBufferedFrontBytes: '1MiB' });
    const caller = await open(t, proxy);
    for (let turn = 0; turn < 3; turn++) {
      const refused = caller.call({ method: 'upload', body: pattern(4 * MIB), headers: marked });
      const small = caller.say('echo', 'after', { headers: marked });
      assertRefused(await refused, /limits\.maxBufferedFrontBytes/);
      assert.equal(textOf(await small), 'v2|after');
    }
    await proxy.settled();
  });

  function assertRefused(answer: Answer, reason: RegExp): void {
    assert.equal(answer.kind === 'answer' ? answer.status : answer.kind, wire.refusals.tooLarge, textOf(answer));
    assert.match(textOf(answer), reason);
  }

  /** Answers small calls as `echo` does, and `upload` with the digest of what came. */
  function uploads(name: string): Handler {
    return ({ method, message, text, reply }) =>
      reply(method === 'upload' ? `${name}|${message.digest === '' ? digest(wire, message.bytes) : message.digest}` : `${name}|${text}`);
  }
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

async function newestSocket(service: WireService, known: number) {
  while (service.accepted === known) await new Promise(setImmediate);
  const newest = [...service.sockets].at(-1);
  if (newest === undefined) throw new Error('no connection');
  return newest;
}

function textOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.text : answer.kind;
}
