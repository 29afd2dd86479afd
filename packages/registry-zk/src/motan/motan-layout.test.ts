import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { character } from '../testing/character.ts';
import { TestLeaf } from '../testing/leaf.ts';
import { MotanLayout } from './motan-layout.ts';

/** The data that Motan 1.2.1 wrote in Java, with the registry `zookeeper`. */
const RECORDED = Buffer.from(
  'rO0ABXQAwG1vdGFuMjovLzE5Mi4wLjIuMjoyODAwMi9SZWMkSGVsbG8/Y29kZWM9bW90YW4tY29tcGF0aWJsZSZwcm90b2NvbD1tb3RhbjImYXBwbGljYXRpb249bW90YW4mc2hhcmVDaGFubmVsPXRydWUmaWQ9bW90YW4yJm5vZGVUeXBlPXNlcnZpY2UmZXhwb3J0PW1vdGFuMiUzQTI4MDAyJnZlcnNpb249MS4wJmdyb3VwPW1vdGFuLWRlbW8tcnBjJg==',
  'base64',
);

function leaf(): { hello: TestLeaf; log: string[] } {
  const log: string[] = [];
  const layout = new MotanLayout('/motan', (level, message) => log.push(`${level}: ${message}`));
  return { hello: new TestLeaf(layout, ['motan-demo-rpc', 'com.acme.Hello']), log };
}

test('a server of Motan 1.2, whose data are a string serialized by Java', () => {
  const { hello, log } = leaf();
  const [entry, ...others] = hello.update(new Map([['192.0.2.2:28002', RECORDED]]));
  assert.deepEqual([others, log], [[], []]);
  assert.deepEqual(
    [entry?.host, entry?.identity, entry?.protocol, entry?.ports],
    [
      'com.acme.hello.0-0-0-motan-demo-rpc.motan',
      { name: 'com.acme.Hello', group: 'motan-demo-rpc', version: undefined },
      'motan',
      [{ name: 'motan', number: 8002, protocol: 'TCP' }],
    ],
  );
  const [endpoint] = entry?.endpoints ?? [];
  assert.deepEqual([endpoint?.address, endpoint?.port, endpoint?.weight], ['192.0.2.2', 28_002, 100]);
  assert.deepEqual(Object.fromEntries(endpoint?.labels ?? []), {
    application: 'motan',
    group: 'motan-demo-rpc',
    protocol: 'motan2',
    version: '1.0',
  });
  assert.deepEqual(Object.fromEntries(endpoint?.metadata ?? []), {
    codec: 'motan-compatible',
    export: 'motan2:28002',
    id: 'motan2',
    nodeType: 'service',
    shareChannel: 'true',
  });
});

test('data as text, as a long string, and none, when the name is the address', () => {
  const url = 'motan://10.0.0.1:8001/com.acme.Hello?group=g&refreshTimestamp=5&text=a%26b&';
  const long = Buffer.concat([Buffer.from('aced00057c', 'hex'), Buffer.alloc(8), Buffer.from(url)]);
  long.writeUInt32BE(url.length, 9);
  const { hello, log } = leaf();
  const [entry] = hello.update(
    new Map([
      ['10.0.0.1:8001', Buffer.from(url)],
      ['10.0.0.2:8001', Buffer.from(long.toString('latin1').replace('10.0.0.1', '10.0.0.2'), 'latin1')],
      ['10.0.0.3:8001', Buffer.alloc(0)],
      ['somewhere', Buffer.from('junk')],
    ]),
  );
  assert.deepEqual(
    entry?.endpoints.map(({ address, metadata }) => [address, metadata.get('text')]),
    [
      ['10.0.0.1', 'a&b'],
      ['10.0.0.2', 'a&b'],
      ['10.0.0.3', undefined],
    ],
  );
  assert.deepEqual(log, ['warn: unreadable provider of motan-demo-rpc/com.acme.Hello: no port in 1..65535']);
});

test('no data make it throw', () => {
  const { hello } = leaf();
  fc.assert(
    fc.property(fc.string({ unit: character }), fc.uint8Array(), fc.boolean(), (name, bytes, isJava) => {
      const data = Buffer.concat([isJava ? RECORDED.subarray(0, 5) : Buffer.alloc(0), bytes]);
      hello.update(new Map([[name, data]]));
    }),
  );
});
