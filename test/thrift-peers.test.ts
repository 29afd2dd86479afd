import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ThriftLanguage } from './support/build-thrift.ts';
import { PeerError } from './support/command-line.ts';
import { suiteOwner } from './support/owner.ts';
import { assertAnswers } from './support/thrift-answers.ts';
import { ThriftConsumer, type ThriftExport, ThriftProvider, type ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { unequalThriftShapes } from './support/thrift-shapes.ts';
import { THRIFT_LANGUAGES, wireName, wiresBetween } from './support/thrift-wires.ts';

// What the peers do without a proxy between them: the baseline of every test that has one.

const FRAMED: ThriftWire = { transport: 'framed', protocol: 'binary' };
const UNFRAMED: ThriftWire = { transport: 'unframed', protocol: 'compact' };
const JAVA_KINDS = ['selector', 'half-sync'] as const;
const LARGE_BYTES = 4 * 1024 * 1024;

const languages = THRIFT_LANGUAGES.filter((language) => requireThrift(language) === false);

describe('Thrift peers, directly', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  const providers = new Map<ThriftLanguage, ThriftProvider>();
  const consumers = new Map<ThriftLanguage, ThriftConsumer>();

  before(async () => {
    await Promise.all(
      languages.flatMap((language) => [
        ThriftProvider.start(owner, language, exportsOf(language)).then((started) => providers.set(language, started)),
        ThriftConsumer.start(owner, language).then((started) => consumers.set(language, started)),
      ]),
    );
  });

  const providerIn = (language: ThriftLanguage) => found(providers, language);
  const consumerIn = (language: ThriftLanguage) => found(consumers, language);

  for (const client of THRIFT_LANGUAGES) {
    for (const server of THRIFT_LANGUAGES) {
      for (const wire of wiresBetween(client, server)) {
        const name = wireName(wire);
        test(`${client} calls ${server}, ${name}`, async () => {
          const consumer = consumerIn(client);
          const on = `${server} ${name}`;
          await consumer.open({ ...wire, on, port: providerIn(server).port(name) });
          assert.deepEqual(await unequalThriftShapes(consumer, on, { client, server, wire }), {});
          await assertAnswers(consumer, { on, name, server, wire });
          const { calls, lost, mixed, byProvider, failures } = await consumer.load({ on, calls: 24, threads: 3 });
          assert.deepEqual(
            { calls, lost, mixed, byProvider, failures },
            { calls: 24, lost: 0, mixed: 0, byProvider: { [name]: 24 }, failures: {} },
          );
          await consumer.close(on);
        });
      }
    }
  }

  for (const client of THRIFT_LANGUAGES) {
    for (const server of THRIFT_LANGUAGES) {
      test(`${client} sends ${server} 4 MiB and gets them back`, async () => {
        const consumer = consumerIn(client);
        for (const wire of [FRAMED, UNFRAMED]) {
          const on = `large ${server}`;
          await consumer.open({ ...wire, on, port: providerIn(server).port(wireName(wire)) });
          for (const type of ['text', 'binary'] as const) {
            assert.deepEqual(await consumer.large(on, LARGE_BYTES, type), { length: LARGE_BYTES, equal: true });
          }
          await consumer.close(on);
        }
      });
    }

    test(`${client} gives up a call that takes too long`, async () => {
      const consumer = consumerIn(client);
      await consumer.open({ ...FRAMED, on: 'hurried', port: providerIn('go').port(wireName(FRAMED)), timeout: 200 });
      await assert.rejects(consumer.call({ on: 'hurried', method: 'slow', args: [600, 't'] }), (error) => {
        assert(error instanceof PeerError);
        assert.equal(error.className, client === 'node' ? 'Timeout' : 'TTransportException');
        return true;
      });
      await consumer.close('hurried');
    });

    for (const kind of JAVA_KINDS) {
      test(`${client} calls a ${kind} server of Java`, async () => {
        const consumer = consumerIn(client);
        await consumer.open({ ...FRAMED, on: kind, port: providerIn('java').port(kind) });
        assert.deepEqual(await unequalThriftShapes(consumer, kind, { client, server: 'java', wire: FRAMED }), {});
        const { byProvider, lost, mixed } = await consumer.load({ on: kind, calls: 40, threads: 4 });
        assert.deepEqual({ byProvider, lost, mixed }, { byProvider: { [kind]: 40 }, lost: 0, mixed: 0 });
        await consumer.close(kind);
      });
    }
  }

  for (const server of THRIFT_LANGUAGES) {
    test(`${server} closes the connection of a call to a service that it does not have`, async () => {
      const wire: ThriftWire = { ...FRAMED, multiplexed: true };
      const consumer = consumerIn('java');
      const port = providerIn(server).port(wireName(wire));
      await consumer.open({ ...wire, on: 'others', port, service: 'Others' });
      assert.equal((await consumer.who('others')).token, 'token');
      await consumer.open({ ...wire, on: 'nowhere', port, service: 'Others', serviceName: 'Nowhere' });
      await assert.rejects(consumer.who('nowhere'), { className: 'TTransportException' });
      await consumer.close('nowhere');
      await consumer.close('others');
    });

    test(`${server} serves calls of one connection ${server === 'node' ? 'at the same time' : 'one after the other'}`, async () => {
      for (const [name, wire] of server === 'java'
        ? [['selector', FRAMED] as const, ['framed binary', FRAMED] as const]
        : [['framed binary', FRAMED] as const]) {
        const consumer = consumerIn('node');
        await consumer.open({ ...wire, on: 'pipeline', port: providerIn(server).port(name) });
        const ended: string[] = [];
        await Promise.all([
          consumer.call({ on: 'pipeline', method: 'slow', args: [150, 'slow'] }).then(() => ended.push('slow')),
          consumer.who('pipeline').then(() => ended.push('quick')),
        ]);
        assert.deepEqual(ended, server === 'node' ? ['quick', 'slow'] : ['slow', 'quick'], name);
        await consumer.close('pipeline');
      }
    });
  }
});

function exportsOf(language: ThriftLanguage): ThriftExport[] {
  const kinds = language === 'java' ? JAVA_KINDS.map((kind) => ({ ...FRAMED, name: kind, kind })) : [];
  return [...wiresBetween(language, language).map((wire) => ({ ...wire, name: wireName(wire) })), ...kinds];
}

function found<Peer>(peers: ReadonlyMap<ThriftLanguage, Peer>, language: ThriftLanguage): Peer {
  const peer = peers.get(language);
  if (peer === undefined) throw new Error(`no peer in ${language}`);
  return peer;
}
