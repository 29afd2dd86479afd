import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ThriftLanguage } from './support/build-thrift.ts';
import { PeerError } from './support/command-line.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';
import { ThriftFleet } from './support/thrift-fleet.ts';
import { thriftBootstrap, thriftEntries } from './support/thrift-mesh.ts';
import type { ThriftAnswer, ThriftExport, ThriftTransport, ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { unequalThriftShapes } from './support/thrift-shapes.ts';
import { has, THRIFT_LANGUAGES } from './support/thrift-wires.ts';

// Callers of one transport, services of another: the ServiceEntry says what the services speak.

const TRANSPORTS: readonly ThriftTransport[] = ['unframed', 'framed', 'header'];
const LARGE_BYTES = 4 * 1024 * 1024;

/** The unmodified servers that speak one transport only, and the encoding that callers use with them. */
const SERVERS: readonly { language: ThriftLanguage; wire: ThriftWire }[] = [
  { language: 'java', wire: { transport: 'unframed', protocol: 'binary' } },
  { language: 'python', wire: { transport: 'unframed', protocol: 'compact' } },
  { language: 'node', wire: { transport: 'framed', protocol: 'binary' } },
  { language: 'go', wire: { transport: 'framed', protocol: 'compact' } },
  { language: 'python', wire: { transport: 'header', protocol: 'binary' } },
  { language: 'node', wire: { transport: 'header', protocol: 'compact' } },
];
const HEADERS = { colour: 'green' };

describe('Thrift in another transport than the service speaks', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  let peers: ThriftFleet;
  let proxy: Polywire;

  before(async () => {
    const exportsOf = (language: ThriftLanguage): ThriftExport[] =>
      SERVERS.filter((server) => server.language === language).map(({ wire }) => ({ ...wire, name: nameOf(wire) }));
    peers = await ThriftFleet.start(owner, THRIFT_LANGUAGES, {
      java: exportsOf('java'),
      node: exportsOf('node'),
      python: exportsOf('python'),
      go: exportsOf('go'),
    });
    const framed = { port: peers.provider('go').port('framed-compact') };
    proxy = await Polywire.start(owner, {
      'polywire.yaml': thriftBootstrap(Object.fromEntries(SERVERS.map(({ wire }) => [nameOf(wire), { service: nameOf(wire) }]))),
      'mesh/entries.yaml': thriftEntries([
        ...SERVERS.map(({ language, wire }) => ({
          service: nameOf(wire),
          endpoints: [{ port: peers.provider(language).port(nameOf(wire)) }],
          settings: { transport: wire.transport },
        })),
        { service: 'Calls', endpoints: [framed], settings: { transport: 'framed', multiplexed: 'strip' } },
      ]),
    });
  });

  for (const { language: server, wire: served } of SERVERS) {
    for (const transport of TRANSPORTS.filter((each) => each !== served.transport)) {
      const spoken: ThriftWire = { ...served, transport };
      for (const client of THRIFT_LANGUAGES.filter((language) => has(language, spoken))) {
        test(`${client} calls ${server}, ${served.protocol}, from ${transport} to ${served.transport}`, async () => {
          const consumer = peers.consumer(client);
          const on = nameOf(served);
          await consumer.open({ ...spoken, on, port: proxy.portOf(on) });
          assert.deepEqual(await unequalThriftShapes(consumer, on, { client, server, wire: spoken }), {});
          const { value, headers } = await consumer.reply({ on, method: 'who', args: ['t'], headers: HEADERS });
          // What one side cannot say, the other does not hear.
          assert.deepEqual({ asked: (value as ThriftAnswer).headers, answered: headers }, { asked: {}, answered: {} });
          await assert.rejects(consumer.call({ on, method: 'fail', args: ['a'] }), { className: 'AccountException' });
          await assert.rejects(consumer.call({ on, method: 'crash', args: ['a'] }), { className: 'TApplicationException' });
          const { calls, lost, mixed, failures } = await consumer.load({ on, calls: 60, threads: 6 });
          assert.deepEqual({ calls, lost, mixed, failures }, { calls: 60, lost: 0, mixed: 0, failures: {} });
          await consumer.close(on);
        });
      }
    }
  }

  for (const transport of TRANSPORTS) {
    const { server, wire } = found(transport);
    const client = 'python';
    test(`4 MiB come back from ${server}, which speaks ${wire.transport}, to a caller that speaks ${transport}`, async () => {
      const consumer = peers.consumer(client);
      await consumer.open({ ...wire, transport, on: 'large', port: proxy.portOf(nameOf(wire)) });
      for (const type of ['text', 'binary'] as const) {
        assert.deepEqual(await consumer.large('large', LARGE_BYTES, type), { length: LARGE_BYTES, equal: true });
      }
      await consumer.close('large');
    });
  }

  for (const client of THRIFT_LANGUAGES) {
    test(`${client} multiplexes towards a service that does not`, async () => {
      const transport = client === 'java' ? 'unframed' : 'header';
      const consumer = peers.consumer(client);
      await consumer.open({ transport, protocol: 'compact', multiplexed: true, on: 'several', port: proxy.portOf('framed-compact') });
      assert.equal((await consumer.who('several')).provider, 'framed-compact');
      assert.deepEqual(
        await unequalThriftShapes(consumer, 'several', { client, server: 'go', wire: { transport, protocol: 'compact' } }),
        {},
      );
      await consumer.close('several');
    });
  }

  test('a transformed call to a service without THeader is an exception with the reason', async () => {
    const wire: ThriftWire = { transport: 'header', protocol: 'compact', transforms: ['zlib'] };
    for (const client of ['python', 'go'] as const) {
      const consumer = peers.consumer(client);
      await consumer.open({ ...wire, on: 'zlib', port: proxy.portOf('framed-compact') });
      const refused = await consumer.who('zlib').catch((error: unknown) => error);
      assert(refused instanceof PeerError);
      assert.deepEqual([refused.className, refused.details['type']], ['TApplicationException', 7]);
      assert.match(refused.message, /transformed.*THeader/);
      await consumer.close('zlib');
    }
  });
});

function nameOf({ transport, protocol }: ThriftWire): string {
  return `${transport}-${protocol}`;
}

/** Some server of another transport. */
function found(transport: ThriftTransport): { server: ThriftLanguage; wire: ThriftWire } {
  const other = SERVERS.find(({ wire }) => wire.transport !== transport);
  if (other === undefined) throw new Error(`every server speaks ${transport}`);
  return { server: other.language, wire: other.wire };
}
