import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { type Owner, suiteOwner } from './support/owner.ts';
import { ALL_WIRES } from './support/wire/all.ts';
import { type Answer, WireCaller } from './support/wire/caller.ts';
import { routeTo, WireProxy, whenMethod } from './support/wire/proxy.ts';
import { noise } from './support/wire/random.ts';
import type { Call, RawWire, WireMessage } from './support/wire/raw-wire.ts';
import { echo, type Received, WireService } from './support/wire/service.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Above it frames are relayed as they arrive. */
const THRESHOLD = 64 * KIB;
const COALESCED = 1000;
/** What a rule makes of a header. */
const EDITED = 'a longer value';

for (const wire of ALL_WIRES) describe(`what passes over ${wire.name}`, { timeout: 180_000 }, () => bytes(wire));

function bytes(wire: RawWire): void {
  const owner = suiteOwner();
  let service: WireService;
  let proxy: WireProxy;
  /** Of requests, as the service received them. */
  let received: WireMessage[] = [];
  /** As the service sent them. */
  let sent: Buffer[] = [];

  before(async () => {
    service = await WireService.start(owner, wire, echo('v1'));
    const headers = { request: { set: { gray: EDITED }, remove: ['secret'], add: { list: 'two' } } };
    const routes = [routeTo(undefined, { ...whenMethod('edited'), headers }), routeTo(undefined)];
    proxy = await WireProxy.start(owner, wire, {
      endpoints: [{ port: service.port }],
      routes: wire.has.headers ? routes : routes.slice(1),
    });
  });
  beforeEach(() => {
    [received, sent] = [[], []];
    service.handler = echo('v1');
  });

  /** Remembers what comes, and answers with what `value` makes of it. */
  function answering(value: (request: Received) => Buffer): void {
    service.handler = (request) => {
      received.push(request.message);
      if (request.message.kind === 'oneway') return;
      const answer = value(request);
      sent.push(answer);
      request.socket.write(answer);
    };
  }

  /** What the service received is what the caller sent, and what the caller received is what the service sent, but for the ids. */
  function assertSame(request: Buffer, answer: Answer, turn: number): void {
    const [arrived, returned] = [received[turn], sent[turn]];
    assert.ok(arrived !== undefined && returned !== undefined, `request ${turn} arrived`);
    assertBytes(arrived.bytes, wire.withId(request, arrived.id), `request ${turn}`);
    assert.ok(answer.kind === 'answer', `answer ${turn} came: ${answer.kind}`);
    assertBytes(answer.message.bytes, wire.withId(returned, wire.read(request, request.length).id), `answer ${turn}`);
  }

  test('bodies of all sizes pass byte for byte, in both directions', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const sizes = sizesOf(wire);
    answering(({ message, method }) => wire.answer(message.id, method, noise(received.length, sizes.at(-received.length) ?? 0)));
    for (const [turn, size] of sizes.entries()) {
      const id = wire.ids[turn % wire.ids.length] ?? caller.nextId();
      const request = wire.request(id, { method: 'echo', body: noise(turn + 1000, size) });
      assertSame(request, await caller.send(id, request), turn);
    }
    await proxy.settled();
  });

  test('errors and exceptions pass byte for byte', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const makers = [wire.businessError, wire.failure];
    answering(({ message, method }) => (makers[sent.length % 2] ?? wire.failure)(message.id, method, `reason ${sent.length}`));
    for (const [turn, id] of wire.ids.entries()) {
      const request = wire.request(id, { method: 'echo', body: noise(turn, 100) });
      const answer = await caller.send(id, request);
      assertSame(request, answer, turn);
      assert.notEqual(answer.kind === 'answer' ? answer.status : '', 'ok');
    }
    await proxy.settled();
  });

  test('many frames at once, cut anywhere, pass byte for byte and in order', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    answering(({ message, method }) => wire.answer(message.id, method, noise(received.length, received.length % 700)));
    const requests = Array.from({ length: COALESCED }, (_, turn) => {
      const id = caller.nextId();
      const call = { method: 'echo', body: noise(turn, (turn * 37) % 900) };
      return turn % 10 === 9 ? { bytes: wire.oneway(id, call) } : { bytes: wire.request(id, call), answer: caller.expect(id) };
    });
    const all = Buffer.concat(requests.map((request) => request.bytes));
    const cuts = noise(7, 4 * COALESCED);
    const turn = await turning(t, proxy);
    for (let from = 0, cut = 0; from < all.length; cut += 2) {
      const to = from + 1 + (cuts.readUInt16BE(cut % cuts.length) % 4000);
      caller.socket.write(all.subarray(from, to));
      from = to;
      if (cut % 8 === 0) await turn();
    }
    const answers = await Promise.all(requests.map(({ answer }) => answer));
    assert.equal(received.length, COALESCED);
    let answered = 0;
    for (const [turn, request] of requests.entries()) {
      const arrived = received[turn];
      assertBytes(arrived?.bytes, wire.withId(request.bytes, arrived?.id ?? Buffer.alloc(0)), `request ${turn}`);
      const answer = answers[turn];
      if (answer === undefined) continue;
      const returned = sent[answered++] ?? Buffer.alloc(0);
      const id = wire.read(request.bytes, request.bytes.length).id;
      assertBytes(answer.kind === 'answer' ? answer.message.bytes : undefined, wire.withId(returned, id), `answer ${turn}`);
    }
    assert.deepEqual(caller.strays, []);
    await proxy.settled();
  });

  test('a request may arrive cut at any of its bytes', async (t) => {
    const call = small(wire);
    const { length } = wire.request(wire.id(1), call);
    const callers = await Promise.all(Array.from({ length }, () => WireCaller.connect(t, wire, proxy.port)));
    const turn = await turning(t, proxy);
    answering(({ message, method }) => wire.answer(message.id, method, message.body));
    const id = wire.id(1);
    const bytes = wire.request(id, call);
    for (const [cut, { socket }] of callers.entries()) socket.write(bytes.subarray(0, cut));
    await turn();
    const open = callers.map((caller, cut) => caller.send(id, bytes.subarray(cut)));
    for (const [cut, answer] of (await Promise.all(open)).entries()) {
      const arrived = received[cut];
      assertBytes(arrived?.bytes, wire.withId(bytes, arrived?.id ?? id), 'a request');
      assertBytes(bytesOf(answer), wire.answer(id, 'echo', call.body), `the answer to a request cut at ${cut}`);
    }
    await proxy.settled();
  });

  test('an answer may arrive cut at any of its bytes', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const turn = await turning(t, proxy);
    const { body } = small(wire);
    const { length } = wire.answer(wire.id(1), 'echo', body);
    for (let cut = 1; cut < length; cut++) {
      service.handler = async ({ message, method, socket }) => {
        const answer = wire.answer(message.id, method, body);
        socket.write(answer.subarray(0, cut));
        await turn();
        socket.write(answer.subarray(cut));
      };
      const id = caller.nextId();
      const answer = await caller.send(id, wire.request(id, { method: 'echo', body }));
      assertBytes(bytesOf(answer), wire.answer(id, 'echo', body), `cut at ${cut}`);
    }
    await proxy.settled();
  });

  if (!wire.has.headers) return;

  test('a rule that edits headers changes them, and no byte elsewhere', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    answering(({ message, method }) => wire.answer(message.id, method, noise(1, 100)));
    const cases = [
      // All of them are there, and change in their places.
      [{ first: '1', gray: 'short', secret: 'x', list: 'one', last: '' }, [{ first: '1', gray: EDITED, list: 'one,two', last: '' }]],
      // New ones are next to what was there.
      [
        { first: '1' },
        [
          { first: '1', gray: EDITED, list: 'two' },
          { gray: EDITED, list: 'two', first: '1' },
        ],
      ],
      [{ secret: 'x', gray: EDITED, list: '' }, [{ gray: EDITED, list: ',two' }]],
    ] as const;
    for (const [turn, [headers, edited]] of cases.entries()) {
      const id = caller.nextId();
      const call = { method: 'edited', body: noise(turn, 3000) };
      const answer = await caller.send(id, wire.request(id, { ...call, headers }));
      const arrived = received[turn];
      assert.ok(arrived !== undefined);
      const wanted = edited.map((each) => wire.request(arrived.id, { ...call, headers: each }));
      if (!wanted.some((each) => each.equals(arrived.bytes))) assertBytes(arrived.bytes, wanted[0] ?? Buffer.alloc(0), `request ${turn}`);
      assertBytes(bytesOf(answer), wire.answer(id, 'edited', noise(1, 100)), `answer ${turn}`);
    }
    await proxy.settled();
  });
}

function small(wire: RawWire): Call {
  return { method: 'echo', body: noise(1, 40), ...(wire.has.headers ? { headers: { gray: 'yes' } } : {}) };
}

function bytesOf(answer: Answer): Buffer | undefined {
  return answer.kind === 'answer' ? answer.message.bytes : undefined;
}

/** Shows where two frames part, which a comparison of megabytes would not. */
function assertBytes(actual: Buffer | undefined, wanted: Buffer, what: string): void {
  assert.ok(actual !== undefined, `${what} did not come`);
  if (actual.equals(wanted)) return;
  let at = 0;
  while (at < wanted.length && actual[at] === wanted[at]) at++;
  const part = (bytes: Buffer) => bytes.toString('hex', Math.max(0, at - 24), at + 40);
  assert.fail(`${what}: ${actual.length} bytes for ${wanted.length}, different from byte ${at} on\n${part(actual)}\n${part(wanted)}`);
}

/** Resolves after the proxy went through its event loop: it answered a call that it answers by itself. */
async function turning(owner: Owner, { wire, port }: WireProxy): Promise<() => Promise<void>> {
  const caller = await WireCaller.connect(owner, wire, port);
  return async () => {
    await caller.say('echo', '', { service: 'com.acme.Nobody' });
  };
}

/** Around nothing, around where lengths get longer, around the relay threshold, and large. */
function sizesOf(wire: RawWire): number[] {
  const overhead = wire.request(wire.id(1), { method: 'echo', body: Buffer.alloc(0) }).length;
  const around = (size: number) => [-2, -1, 0, 1, 2].map((more) => size + more);
  const edges = [2, 16, 32, 128, 256, KIB, 4 * KIB, 16 * KIB, 0x8000, 0xf000].flatMap(around);
  return [...edges, ...around(THRESHOLD - overhead - 16), ...around(THRESHOLD), ...around(MIB), 3 * MIB + 7, 6 * MIB];
}
