import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireCaller } from './support/wire/caller.ts';
import { dubbo, dubboEvent } from './support/wire/dubbo.ts';
import { WireProxy } from './support/wire/proxy.ts';
import type { WireMessage } from './support/wire/raw-wire.ts';
import { echo, WireService } from './support/wire/service.ts';
import { besideVictim } from './support/wire/victim.ts';

/** Marks an argument that the service calls back, as Dubbo does. */
const LISTENS = { 'sys_callback_arg-0': '1' };
const NOTIFY = { service: 'com.acme.Listener', method: 'changed', headers: { 'callback.service.instid': '1' } };

function answersTo(service: WireService): WireMessage[] {
  return service.others.filter(({ kind }) => kind === 'answer');
}

test('a service calls back whoever asked it to, over a connection that goes with the caller', async (t) => {
  const service = await WireService.start(t, dubbo, ({ text, method, socket, reply }) => {
    reply(`v1|${text}`);
    // Every caller is called back with the same id.
    if (method === 'listen') socket.write(dubbo.request(dubbo.id(77), { ...NOTIFY, body: Buffer.from(text) }));
  });
  const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }] });
  await besideVictim(t, proxy, async () => {
    const callers = await Promise.all(Array.from({ length: 5 }, () => WireCaller.connect(t, dubbo, proxy.port)));
    for (const [index, caller] of callers.entries()) {
      caller.onRequest = ({ id }) => void caller.socket.write(dubbo.answer(id, '', Buffer.from(`heard by ${index}`)));
      await caller.say('listen', `caller ${index}`, { headers: LISTENS });
    }
    while (answersTo(service).length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      answersTo(service)
        .map(({ id, body }) => `${id.readBigInt64BE()} ${body}`)
        .sort(),
      [0, 1, 2, 3, 4].map((n) => `77 heard by ${n}`),
    );
    assert.equal(service.sockets.size, 6, 'one for each, and one for the others');
    for (const caller of callers) caller.socket.resetAndDestroy();
    await proxy.until('their connections are gone', (stats) => stats.sum('polywire_endpoint_connections_active') === 1);
  });
  await proxy.settled();
});

test('a service that calls nobody gets an answer, and harms nobody', async (t) => {
  const service = await WireService.start(t, dubbo, ({ text, method, socket, reply }) => {
    reply(`v1|${text}`);
    const body = Buffer.from('news');
    if (method === 'listen') for (let id = 0; id < 1000; id++) socket.write(dubbo.request(dubbo.id(id), { ...NOTIFY, body }));
  });
  const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }] });
  const caller = await WireCaller.connect(t, dubbo, proxy.port);
  const called: WireMessage[] = [];
  caller.onRequest = (request) => void called.push(request);
  await besideVictim(t, proxy, async () => {
    await caller.say('listen', 'but not really');
    while (answersTo(service).length < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  assert.ok(answersTo(service).every(({ status }) => status !== 'ok'));
  assert.deepEqual(called, []);
  await proxy.settled();
});

test('a caller that was sent to another service by READONLY leaves no connection behind at the first', async (t) => {
  const services = [await WireService.start(t, dubbo, echo('a')), await WireService.start(t, dubbo, echo('b'))];
  const proxy = await WireProxy.start(t, dubbo, { endpoints: services.map(({ port }) => ({ port })) });
  const caller = await WireCaller.connect(t, dubbo, proxy.port);
  const listen = () => caller.say('listen', '', { headers: LISTENS });
  const first = await listen();
  for (const service of services) service.broadcast(dubboEvent('R'));
  await proxy.until('one is left', (stats) => stats.sum('polywire_cluster_endpoints_available') === 1);
  const second = await listen();
  assert.notEqual(first.kind === 'answer' && first.text, second.kind === 'answer' && second.text);
  caller.socket.destroy();
  await proxy.until('no connection is left', (stats) => stats.sum('polywire_endpoint_connections_active') === 0);
});
