import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { ALL_WIRES } from './support/wire/all.ts';
import { type Answer, assertClean, WireCaller } from './support/wire/caller.ts';
import { routeTo, WireProxy, whenMethod } from './support/wire/proxy.ts';
import { shuffled } from './support/wire/random.ts';
import type { RawWire } from './support/wire/raw-wire.ts';
import { echo, hold, WireService } from './support/wire/service.ts';

const CALLERS = 5;
const CALLS = 60;

for (const wire of ALL_WIRES) describe(`whose answer it is, over ${wire.name}`, { timeout: 180_000 }, () => answers(wire));

function answers(wire: RawWire): void {
  const owner = suiteOwner();
  let service: WireService;
  let proxy: WireProxy;

  before(async () => {
    service = await WireService.start(owner, wire, echo('v1'));
    const routes = [routeTo(undefined, { ...whenMethod('slow'), timeout: '300ms' }), routeTo(undefined)];
    proxy = await WireProxy.start(owner, wire, { endpoints: [{ port: service.port }], routes });
  });
  beforeEach(() => {
    service.handler = echo('v1');
  });

  const late = async () => (await proxy.stats()).sum('polywire_late_responses_total');
  const lateAre = (count: number) =>
    proxy.until(`${count} answers are dropped`, (stats) => stats.sum('polywire_late_responses_total') === count);

  test('two callers that use the same ids at once share a connection, and get their own answers under their own ids', async (t) => {
    const callers = [await WireCaller.connect(t, wire, proxy.port), await WireCaller.connect(t, wire, proxy.port)];
    const arrived = hold(service, callers.length * wire.ids.length);
    const open = callers.flatMap((caller, who) =>
      wire.ids.map((id, index) => {
        const text = `caller ${who}, id ${index}`;
        return { text, answer: caller.send(id, wire.request(id, { method: 'echo', body: Buffer.from(text) })) };
      }),
    );
    const held = await arrived;
    assert.equal(service.sockets.size, 1, 'one connection for all');
    assert.equal(new Set(held.map(({ message }) => message.id.toString('hex'))).size, held.length, 'the service sees no id twice');
    for (const received of shuffled(held)) received.reply(`for ${received.text}`);
    for (const { text, answer } of open) assert.equal(textOf(await answer), `for ${text}`);
    for (const caller of callers) assertClean(caller);
    await proxy.settled();
  });

  test('answers come back in any order', async (t) => {
    const callers = await Promise.all(Array.from({ length: CALLERS }, () => WireCaller.connect(t, wire, proxy.port)));
    for (let round = 0; round < 5; round++) {
      const arrived = hold(service, CALLERS * CALLS);
      const open = callers.flatMap((caller, who) =>
        Array.from({ length: CALLS }, (_, call) => {
          const text = `${round}.${who}.${call}`;
          return { text, answer: caller.say('echo', text) };
        }),
      );
      for (const received of shuffled(await arrived)) received.reply(received.text);
      for (const { text, answer } of open) assert.equal(textOf(await answer), text);
    }
    for (const caller of callers) assertClean(caller);
    await proxy.settled();
  });

  test('an answer that comes after its deadline reaches nobody, even when its id is in use again', async (t) => {
    const [first, other] = [await WireCaller.connect(t, wire, proxy.port), await WireCaller.connect(t, wire, proxy.port)];
    const before = await late();
    const slow = hold(service, 1);
    const id = first.nextId();
    const timedOut = await first.send(id, wire.request(id, { method: 'slow', body: Buffer.from('too late') }));
    assert.equal(statusOf(timedOut), wire.refusals.timeout);
    const [tooLate] = await slow;
    const arrived = hold(service, 2);
    const again = first.send(id, wire.request(id, { method: 'echo', body: Buffer.from('again') }));
    const others = other.send(id, wire.request(id, { method: 'echo', body: Buffer.from('other') }));
    const held = await arrived;
    tooLate?.reply('too late');
    await lateAre(before + 1);
    for (const received of held) received.reply(`for ${received.text}`);
    assert.equal(textOf(await again), 'for again');
    assert.equal(textOf(await others), 'for other');
    assertClean(first);
    assertClean(other);
    await proxy.settled();
  });

  test('an answer to a caller that is gone reaches nobody', async (t) => {
    const [gone, other] = [await WireCaller.connect(t, wire, proxy.port), await WireCaller.connect(t, wire, proxy.port)];
    const [before, cancelled] = [await late(), (await proxy.stats()).sum('polywire_requests_total', { outcome: 'cancelled' })];
    const arrived = hold(service, 2 * CALLS);
    const dropped = Array.from({ length: CALLS }, () => gone.say('echo', 'gone'));
    const kept = Array.from({ length: CALLS }, () => other.say('echo', 'other'));
    const held = await arrived;
    gone.socket.resetAndDestroy();
    await proxy.until(
      'its calls are over',
      (stats) => stats.sum('polywire_requests_total', { outcome: 'cancelled' }) === cancelled + CALLS,
    );
    for (const received of held) received.reply(`for ${received.text}`);
    for (const answer of await Promise.all(dropped)) assert.equal(answer.kind, 'closed');
    for (const answer of await Promise.all(kept)) assert.equal(textOf(answer), 'for other');
    await lateAre(before + CALLS);
    assertClean(other);
    await proxy.settled();
  });

  test('a second answer, and answers that nobody asked for, harm nobody', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const before = await late();
    let strangers = 0;
    service.handler = ({ message, text, method, socket, reply }) => {
      const known = message.id.toString('hex');
      const ids = wire.ids.filter((id) => id.toString('hex') !== known);
      const unasked = ids.map((id) => wire.answer(id, method, Buffer.from('nobody asked')));
      socket.write(Buffer.concat(unasked));
      reply(text);
      reply('a second answer');
      strangers += unasked.length + 1;
    };
    for (let turn = 0; turn < 10; turn++) assert.equal(textOf(await caller.say('echo', `turn ${turn}`)), `turn ${turn}`);
    await lateAre(before + strangers);
    assertClean(caller);
    assert.equal(service.broken, undefined);
    await proxy.settled();
  });
}

function textOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.text : answer.kind;
}
function statusOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.status : answer.kind;
}
