import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireCaller } from './support/dubbo-wire/caller.ts';
import { answerText, event, request, response, STATUS } from './support/dubbo-wire/frame.ts';
import { SERVICE, WireProxy } from './support/dubbo-wire/proxy.ts';
import { echo, WireService } from './support/dubbo-wire/service.ts';
import { besideVictim } from './support/dubbo-wire/victim.ts';

/** Marks an argument that the service calls back, as Dubbo does. */
const LISTENS = { 'sys_callback_arg-0': '1' };
const NOTIFY = { service: 'com.acme.Listener', method: 'changed', argument: 'news', attachments: { 'callback.service.instid': '1' } };

test('a service calls back whoever asked it to, over a connection that goes with the caller', async (t) => {
  const service = await WireService.start(t, (received) => {
    received.reply(`v1|${received.argument}`);
    // Every caller is called back with the same id.
    if (received.method === 'listen') received.socket.write(request(77n, { ...NOTIFY, argument: received.argument }));
  });
  const proxy = await WireProxy.start(t, { endpoints: [{ port: service.port }] });
  await besideVictim(t, proxy, async () => {
    const callers = await Promise.all(Array.from({ length: 5 }, () => WireCaller.connect(t, proxy.port)));
    for (const [index, caller] of callers.entries()) {
      caller.onCallback = ({ id }) => void caller.socket.write(response(id, `heard by ${index}`));
      await caller.call({ service: SERVICE, method: 'listen', argument: `caller ${index}`, attachments: LISTENS });
    }
    while (service.answers.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      service.answers.map((answer) => `${answer.id} ${answerText(answer)}`).sort(),
      [0, 1, 2, 3, 4].map((n) => `77 heard by ${n}`),
    );
    assert.equal(service.sockets.size, 6, 'one for each, and one for the others');
    for (const caller of callers) caller.socket.resetAndDestroy();
    await proxy.until('their connections are gone', (stats) => stats.sum('polywire_endpoint_connections_active') === 1);
  });
  await proxy.settled();
});

test('a service that calls nobody gets an answer, and harms nobody', async (t) => {
  const service = await WireService.start(t, (received) => {
    received.reply(`v1|${received.argument}`);
    if (received.method === 'listen') for (let id = 0n; id < 1000n; id++) received.socket.write(request(id, NOTIFY));
  });
  const proxy = await WireProxy.start(t, { endpoints: [{ port: service.port }] });
  const caller = await WireCaller.connect(t, proxy.port);
  await besideVictim(t, proxy, async () => {
    await caller.call({ service: SERVICE, method: 'listen', argument: 'but not really' });
    while (service.answers.length < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  assert.ok(service.answers.every(({ status }) => status !== STATUS.ok));
  assert.deepEqual(caller.callbacks, []);
  await proxy.settled();
});

test('a caller that was sent to another service by READONLY leaves no connection behind at the first', async (t) => {
  const services = [await WireService.start(t, echo('a')), await WireService.start(t, echo('b'))];
  const proxy = await WireProxy.start(t, { endpoints: services.map(({ port }) => ({ port })) });
  const caller = await WireCaller.connect(t, proxy.port);
  const listen = () => caller.call({ service: SERVICE, method: 'listen', argument: '', attachments: LISTENS });
  const first = await listen();
  for (const service of services) service.broadcast(event('R'));
  await proxy.until('one is left', (stats) => stats.sum('polywire_cluster_endpoints_available') === 1);
  const second = await listen();
  assert.notEqual(first.kind === 'answer' && first.text, second.kind === 'answer' && second.text);
  caller.socket.destroy();
  await proxy.until('no connection is left', (stats) => stats.sum('polywire_endpoint_connections_active') === 0);
});
