import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { ALL_WIRES } from './support/wire/all.ts';
import { type Answer, assertClean, WireCaller } from './support/wire/caller.ts';
import { assertAccounted, Load } from './support/wire/load.ts';
import { routeTo, WireProxy, whenMethod } from './support/wire/proxy.ts';
import type { RawWire } from './support/wire/raw-wire.ts';
import { echo, type Handler, hold, type Received, WireService } from './support/wire/service.ts';

const PIPELINED = 30;
const SETTING = 'thrift.polywire.io/calls-per-connection';
const ONEWAY = { 'oneway-methods': 'notify' };

/** What is said of services, and what they do. */
interface Kind {
  readonly name: string;
  readonly calls?: 'one' | 'many';
  /** They answer everything with the id 0, as those may that work on the calls of a connection in turn. */
  readonly withoutIds: boolean;
}
const KINDS: readonly Kind[] = [
  { name: 'of which nothing is said, and which give no ids back', withoutIds: true },
  { name: 'that take one call at a time, and give no ids back', calls: 'one', withoutIds: true },
  { name: 'that take many calls at a time, and answer in any order', calls: 'many', withoutIds: false },
];

for (const wire of ALL_WIRES.filter(({ protocol }) => protocol === 'thrift'))
  for (const kind of KINDS) describe(`services ${kind.name}, over ${wire.name}`, { timeout: 180_000 }, () => ids(wire, kind));

function ids(wire: RawWire, kind: Kind): void {
  const owner = suiteOwner();
  const zero = wire.id(0);
  let service: WireService;
  let proxy: WireProxy;

  before(async () => {
    service = await WireService.start(owner, wire, echo('v1'));
    const annotations: Record<string, string> = kind.calls === undefined ? {} : { [SETTING]: kind.calls };
    proxy = await WireProxy.start(owner, wire, {
      endpoints: [{ port: service.port }],
      annotations,
      listener: { protocols: [{ name: 'thrift', settings: { ...wire.settings, ...ONEWAY } }] },
      routes: [routeTo(undefined, { ...whenMethod('slow'), timeout: '300ms' }), routeTo(undefined)],
    });
  });

  const answer = kind.withoutIds ? answerWithoutId : answerWithId;
  /** Answers what was asked, not at once, and every second call later than the next. */
  function inTime(): Handler {
    let turn = 0;
    return (received) => {
      if (received.message.kind === 'oneway') return;
      if (turn++ % 2 === 0) setTimeout(() => answer(wire, received), 2);
      else setImmediate(() => answer(wire, received));
    };
  }

  test('calls never cross, though all callers use the same ids', async (t) => {
    const answering = inTime();
    service.handler = ({ text, ...received }) => answering({ ...received, text: `v1|${text}` });
    const load = Load.start(t, { wire, port: proxy.port, callers: 4, depth: 4 });
    await load.answers(300);
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.ok, tally.started, `${tally}`);
    assert.equal(service.broken, undefined);
    await proxy.settled();
  });

  test('a caller that sends all its calls with the id 0 at once gets their answers in order', async (t) => {
    service.handler = inTime();
    const callers = await Promise.all(Array.from({ length: 3 }, () => WireCaller.connect(t, wire, proxy.port)));
    const calls = callers.flatMap((caller, who) => {
      const texts = Array.from({ length: PIPELINED }, (_, turn) => `${who}.${turn}`);
      const open = texts.map((text) => ({ text, answer: caller.expect(zero) }));
      caller.socket.write(Buffer.concat(texts.map((text) => wire.request(zero, { method: 'echo', body: Buffer.from(text) }))));
      return open;
    });
    for (const call of calls) assert.equal(textOf(await call.answer), call.text);
    for (const caller of callers) assertClean(caller);
    await proxy.settled();
  });

  test('an answer that comes too late is not taken for the next one', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (let turn = 0; turn < 3; turn++) {
      const arrived = hold(service, 1);
      const timedOut = await caller.say('slow', 'too late');
      assert.equal(timedOut.kind === 'answer' ? timedOut.status : timedOut.kind, wire.refusals.timeout);
      const [late] = await arrived;
      const next = hold(service, 1);
      const inTimeAnswer = caller.say('echo', 'in time');
      const [received] = await next;
      if (late !== undefined) answer(wire, late);
      if (received !== undefined) answer(wire, received);
      assert.equal(textOf(await inTimeAnswer), 'in time');
    }
    assertClean(caller);
    await proxy.settled();
  });

  test('a one-way method that callers send as a call waits for nothing', async (t) => {
    const notified: string[] = [];
    const others = inTime();
    service.handler = (received) => {
      if (received.method === 'notify') notified.push(received.text);
      else others(received);
    };
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (let turn = 0; turn < PIPELINED; turn++) {
      caller.socket.write(wire.request(zero, { method: 'notify', body: Buffer.from(`${turn}`) }));
      const after = caller.expect(zero);
      caller.socket.write(wire.request(zero, { method: 'echo', body: Buffer.from(`after ${turn}`) }));
      assert.equal(textOf(await after), `after ${turn}`);
    }
    await proxy.until('all arrived', () => notified.length === PIPELINED);
    assertClean(caller);
    const stats = await proxy.settled();
    assert.equal(stats.sum('polywire_requests_total', { outcome: 'oneway' }), PIPELINED);
  });

  if (!kind.withoutIds) return;

  test('a service is never sent a second call on a connection that waits, and a slow call delays no other', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const arrived = hold(service, 1);
    const slow = caller.say('echo', 'slow');
    const [waiting] = await arrived;
    const together = hold(service, PIPELINED);
    const others = Array.from({ length: PIPELINED }, (_, turn) => caller.say('echo', `turn ${turn}`));
    const held = await together;
    const sockets = new Set([waiting, ...held].map((received) => received?.socket));
    assert.equal(sockets.size, PIPELINED + 1, 'each has a connection to itself');
    for (const received of held.reverse()) answer(wire, received);
    for (const [turn, other] of others.entries()) assert.equal(textOf(await other), `turn ${turn}`);
    if (waiting !== undefined) answer(wire, waiting);
    assert.equal(textOf(await slow), 'slow');
    assertClean(caller);
    await proxy.settled();
  });
}

function textOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.text : answer.kind;
}

function answerWithId(_wire: RawWire, { reply, text }: Received): void {
  reply(text);
}
function answerWithoutId(wire: RawWire, { socket, method, text }: Received): void {
  socket.write(wire.answer(wire.id(0), method, Buffer.from(text)));
}
