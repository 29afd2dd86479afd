import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bootstrap, entries } from './support/mesh.ts';
import { assertStopCostNothing } from './support/orderly-stop.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { startTap, type TappedFrame } from './support/tap.ts';
import { direct, type Wire } from './support/wires.ts';

const WIRES: readonly Wire[] = [
  { module: 'dubbo27', serialization: 'hessian2' },
  { module: 'dubbo3', serialization: 'fastjson2' },
];
const THREADS = 8;

for (const wire of WIRES) {
  describe(`ends without loss, ${wire.module} with ${wire.serialization}`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let leaving: Provider;
    let consumer: Consumer;
    let ports: number[];

    before(async () => {
      ports = await freePorts(2);
      const [stays = 0, leaves = 0] = ports;
      const start = (name: string, port: number) =>
        Provider.start(owner, wire.module, { shutdownWait: 2000, exports: [{ name, port, serialization: wire.serialization }] });
      [consumer, leaving] = await Promise.all([Consumer.start(owner, wire.module), start('leaves', leaves), start('stays', stays)]);
    });

    function startProxy(to: readonly number[], upstream: object = {}): Promise<Polywire> {
      const files = {
        'polywire.yaml': bootstrap({ upstream: { balance: 'request', ...upstream } }),
        'mesh/entries.yaml': entries(to.map((port) => ({ port }))),
      };
      return Polywire.start(owner, files);
    }

    test('a proxy that is told to end answers what is in flight, and tells its callers', async (t) => {
      const proxy = await startProxy(ports);
      const tap = await startTap(t, proxy.port);
      await consumer.refer(direct(wire, tap.port, 'ending', 'CallService'));
      await consumer.who('ending');
      const from = tap.frames.length;
      const inFlight = consumer.call({ on: 'ending', method: 'slow', args: [1500, 'last'] });
      await tap.find(from, (frame) => frame.direction === 'up');
      const ended = proxy.stop();
      await tap.find(from, isReadOnly);
      assert.equal(((await inFlight) as { token: string }).token, 'last');
      assert.equal(await ended, 'exit code 0');
      await consumer.close('ending');
    });

    test('a provider that says READONLY, and no registry to say so, gets no further calls and costs none', async (t) => {
      const [stays = 0, leaves = 0] = ports;
      const tap = await startTap(t, leaves);
      // The tap goes on accepting connections for a provider that is gone.
      const proxy = await startProxy([stays, tap.port], { backoff: { max: '60s' } });
      await consumer.refer(direct(wire, proxy.port, 'call', 'CallService'));
      const served = async () => (await leaving.served())['leaves'] ?? 0;
      const before = await served();
      const stop = async () => {
        while ((await served()) < before + 100);
        await leaving.stop();
      };
      const [report] = await Promise.all([
        consumer.load({ on: 'call', threads: THREADS, milliseconds: 600_000, slow: 20 }),
        stop().finally(() => consumer.stopLoad()),
      ]);
      const refused = assertStopCostNothing(report, wire);
      assert((report.byProvider['leaves'] ?? 0) >= 100);
      assert.equal((await consumer.who('call')).provider, 'stays');

      const told = tap.frames.findIndex(isReadOnly);
      assert.notEqual(told, -1);
      // What a thread sends after its provider said so crosses READONLY on the wire; its answer comes behind READONLY.
      const crossing = tap.frames.slice(told).filter(isRequest).length;
      assert(crossing <= THREADS, `${crossing} requests after READONLY`);
      assert.equal(tap.frames.slice(0, told).filter(isRefusal).length, refused);
    });
  });
}

/** A one-way event whose body is the text R, in whatever serialization. */
function isReadOnly({ direction, bytes }: TappedFrame): boolean {
  return direction === 'down' && (bytes.readUInt8(2) & 0xe0) === 0xa0 && bytes.at(-1) === 'R'.charCodeAt(0);
}

function isRequest({ direction, bytes }: TappedFrame): boolean {
  return direction === 'up' && (bytes.readUInt8(2) & 0xe0) === 0xc0;
}

/** SERVER_THREADPOOL_EXHAUSTED_ERROR. */
function isRefusal({ direction, bytes }: TappedFrame): boolean {
  return direction === 'down' && bytes.readUInt8(2) < 0x20 && bytes.readUInt8(3) === 100;
}
