import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallOptions, ServiceCall } from '@polywire/core/spi';
import { encodeString } from '@polywire/hessian';
import { BuiltinZkClient } from '../client/builtin.ts';
import { ReadLimit } from '../follow/read-limit.ts';
import type { ApplicationInstance } from './instance.ts';
import { readApplicationInstance } from './instance.ts';
import { InstanceMetadata } from './instance-metadata.ts';
import { type MetadataAnswer, MetadataSources, ZooKeeperMetadata } from './metadata.ts';
import { writeField } from './protobuf.ts';

interface Asked {
  readonly call: ServiceCall;
  readonly options: CallOptions;
}

const DUBBO = { protocol: 'dubbo', port: '20880', version: '1.0.0' };

function instance(metadataService: object | undefined, more: Readonly<Record<string, unknown>> = {}): ApplicationInstance {
  const metadata = { 'dubbo.metadata.revision': 'r', 'dubbo.metadata-service.url-params': JSON.stringify(metadataService), ...more };
  const read = readApplicationInstance(Buffer.from(JSON.stringify({ address: '10.0.0.1', port: 20_881, payload: { metadata } })), '/p');
  assert.ok(read.kind === 'instance');
  return read;
}

/** What becomes of a question to an instance that answers so. */
async function ask(asked: ApplicationInstance, value: unknown): Promise<{ answer: MetadataAnswer; calls: Asked[] }> {
  const calls: Asked[] = [];
  const source = new InstanceMetadata(async (call, options) => {
    calls.push({ call, options });
    if (value instanceof Error) throw value;
    return value;
  }, 500);
  return { answer: await source.get('app', 'r', asked), calls };
}

const SERVICE = new Map<unknown, unknown>([
  ['name', 'com.acme.Hello'],
  ['group', 'g'],
  ['version', null],
  ['protocol', 'dubbo'],
  ['port', 20_882],
  ['path', 'hello'],
  ['params', new Map([['timeout', '100']])],
]);
const METADATA = new Map<unknown, unknown>([
  ['revision', 'r'],
  ['services', new Map([['g/com.acme.Hello:dubbo', SERVICE]])],
]);
const HELLO = {
  name: 'com.acme.Hello',
  protocol: 'dubbo',
  port: 20_882,
  path: 'hello',
  parameters: new Map([
    ['timeout', '100'],
    ['interface', 'com.acme.Hello'],
    ['group', 'g'],
  ]),
};

test('the MetadataService is asked over dubbo, in the group that is the application', async () => {
  const { answer, calls } = await ask(instance(DUBBO), METADATA);
  assert.deepEqual(answer, { kind: 'known', services: [HELLO] });
  assert.deepEqual(calls, [
    {
      call: {
        service: 'org.apache.dubbo.metadata.MetadataService',
        group: 'app',
        version: '1.0.0',
        method: 'getMetadataInfo',
        arguments: ['r'],
      },
      options: { protocol: 'dubbo', host: '10.0.0.1', port: 20_880, timeoutMs: 500 },
    },
  ]);
});

test('its second version is asked over Triple, in protobuf', async () => {
  const service = [
    ...[[1, 'com.acme.Hello'] as const, [2, 'g'] as const, [4, 'dubbo'] as const, [6, 'hello'] as const].map(([number, text]) =>
      writeField(number, text),
    ),
    Buffer.from([0x28, 0x92, 0xa3, 0x01]),
    writeField(7, Buffer.concat([writeField(1, 'timeout'), writeField(2, '100')])),
  ];
  const entry = Buffer.concat([writeField(1, 'key'), writeField(2, Buffer.concat(service))]);
  const message = Buffer.concat([writeField(1, 'app'), writeField(2, 'r'), writeField(3, entry)]);
  const { answer, calls } = await ask(instance({ protocol: 'tri', port: '50051' }, { 'meta-v': '2.0.0' }), message);
  assert.deepEqual(answer, { kind: 'known', services: [HELLO] });
  const [{ call, options } = { call: undefined, options: undefined }] = calls;
  assert.deepEqual([options?.protocol, options?.port], ['http2', 50_051]);
  assert.deepEqual(
    [call?.service, call?.method, call?.group, call?.version],
    ['org.apache.dubbo.metadata.MetadataServiceV2', 'GetMetadataInfo', 'app', '2.0.0'],
  );
  assert.deepEqual(call?.arguments, Buffer.from('\n\u0001r'));
});

test('its first version over Triple wraps Hessian in protobuf', async () => {
  const body = Buffer.concat([Buffer.from('H'), ...['revision', 'r', 'services'].map(encodeString), Buffer.from('HZZ')]);
  const { answer, calls } = await ask(instance({ protocol: 'tri', port: '50051' }), writeField(2, body));
  assert.deepEqual(answer, { kind: 'known', services: [] });
  assert.deepEqual([calls[0]?.call.method, Buffer.isBuffer(calls[0]?.call.arguments)], ['getMetadataInfo', true]);
});

/** As a provider of Dubbo 2.7.23 registers with `registry-type=service`. */
const OLD_INSTANCE =
  '{"name":"app","id":"127.0.0.1:23022","address":"127.0.0.1","port":23022,"sslPort":null,"payload":{"@class":"org.apache.dubbo.registry.zookeeper.ZookeeperInstance","id":null,"name":"app","metadata":{"dubbo.metadata-service.url-params":"{\\"dubbo\\":{\\"version\\":\\"1.0.0\\",\\"dubbo\\":\\"2.0.2\\",\\"release\\":\\"2.7.23\\",\\"port\\":\\"20884\\"}}","dubbo.endpoints":"[{\\"port\\":23022,\\"protocol\\":\\"dubbo\\"}]","dubbo.metadata.storage-type":"local"}},"registrationTimeUTC":1795310528805,"serviceType":"DYNAMIC","uriSpec":null}';

test('an instance of Dubbo 2.7 is asked for the URLs of its providers', async () => {
  const old = readApplicationInstance(Buffer.from(OLD_INSTANCE), '/services/app/127.0.0.1:23022');
  assert.ok(old.kind === 'instance');
  const url = 'dubbo://127.0.0.1:23022/hello?application=app&group=g&interface=com.acme.Hello&timeout=100';
  const { answer, calls } = await ask(old, [url, 'junk', null]);
  const parameters = new Map([
    ['application', 'app'],
    ['group', 'g'],
    ['interface', 'com.acme.Hello'],
    ['timeout', '100'],
  ]);
  assert.deepEqual(answer, { kind: 'known', services: [{ ...HELLO, port: 23_022, parameters }] });
  const [{ call, options } = { call: undefined, options: undefined }] = calls;
  assert.deepEqual([call?.method, call?.arguments, call?.version, options?.port], ['getExportedURLs', [], '1.0.0', 20_884]);
  assert.equal((await ask(old, 'text')).answer.kind, 'silent');
  const { answer: many } = await ask(old, new Array(50_001).fill('a://b:1'));
  assert.match(many.kind === 'known' ? '' : many.reason, /more than 50000 URLs/);
  // What it says may change only when it registers again.
  assert.equal(old.revision, '/services/app/127.0.0.1:23022 since 1795310528805');
  // ZooKeeper, which is not there, is not asked: no path is made of such a revision.
  const listener = { connected: () => undefined, disconnected: () => undefined, event: () => undefined };
  const client = new BuiltinZkClient({ address: 'a', sessionTimeoutMs: 1, connectTimeoutMs: 1, maxPacketBytes: 1 }, listener);
  await client.close();
  assert.equal((await new ZooKeeperMetadata(client, new ReadLimit(1), '/m').get('app', old.revision ?? '', old)).kind, 'absent');
});

test('an instance that does not say where is asked where its services are', async () => {
  const endpoints = JSON.stringify([
    { protocol: 'dubbo', port: 1 },
    { protocol: 'tri', port: 2 },
  ]);
  for (const [asked, protocol, port] of [
    [instance(undefined, { 'dubbo.endpoints': endpoints }), 'dubbo', 1],
    [instance(undefined, { 'dubbo.endpoints': endpoints, 'meta-v': '2.0.0' }), 'http2', 2],
    [instance(undefined), 'dubbo', 20_881],
  ] as const) {
    const { options } = (await ask(asked, new Error('no'))).calls[0] ?? {};
    assert.deepEqual([options?.protocol, options?.port], [protocol, port]);
  }
});

test('what is no answer to the question is no answer', async () => {
  // 600,000 entries, which a service that shares them has to write only once.
  const shared = new Map(Array.from({ length: 600 }, (_, index) => [index, '']));
  const large = new Map(Array.from({ length: 1000 }, (_, index) => [`k${index}`, shared]));
  for (const [value, reason] of [
    [new Error('10.0.0.1:20880: no answer'), /over dubbo: 10\.0\.0\.1:20880: no answer$/],
    [null, /it knows nothing of revision r$/],
    ['text', /it knows nothing of revision r$/],
    [new Map([['revision', 'r']]), /its answer is not Dubbo's MetadataInfo$/],
    [new Map<unknown, unknown>([...METADATA, ['revision', 'other']]), /it tells of revision other, and not of r$/],
    [new Map([['services', large]]), /more than 500000 entries$/],
  ] as const) {
    const { answer } = await ask(instance(DUBBO), value);
    assert.ok(answer.kind === 'silent');
    assert.match(answer.reason, reason);
  }
});

test('instances that cannot be asked are not', async () => {
  for (const [asked, reason] of [
    [instance({ protocol: 'rest', port: '1' }), 'its MetadataService speaks rest, which Polywire does not'],
    [instance(DUBBO, { 'dubbo.metadata.storage-type': 'remote' }), 'it keeps them in a metadata report and answers no questions'],
  ] as const) {
    assert.deepEqual(await ask(asked, METADATA), { answer: { kind: 'absent', reason }, calls: [] });
  }
});

test('sources are asked in order, up to one that knows or might', async () => {
  const [none, silent, known] = [
    { kind: 'absent', reason: 'not here' },
    { kind: 'silent', reason: 'no answer' },
    { kind: 'known', services: [] },
  ] as const;
  const all = (...answers: MetadataAnswer[]): Promise<MetadataAnswer> =>
    new MetadataSources(answers.map((answer) => ({ get: async () => answer }))).get('app', 'r', instance(DUBBO));
  assert.deepEqual(await all(none, known), known);
  assert.deepEqual(await all(none, silent, known), { kind: 'silent', reason: 'not here, and no answer' });
  assert.deepEqual(await all(none, none), { kind: 'absent', reason: 'not here, and not here' });
});
