import { type ConformanceOptions, testCodec } from '@polywire/conformance';
import { dubbo } from './index.ts';
import * as recorded from './testing/recorded-frames.ts';

function bytes(hex: string, id?: bigint): Buffer {
  const frame = Buffer.from(hex, 'hex');
  if (id !== undefined) frame.writeBigUInt64BE(id, 4);
  return frame;
}

/** Needs all 64 bits, and its lower half alone would be an id that the proxy can have given. */
const WIDE_ID = 0xfedc_ba98_7654_3210n;

function changed(hex: string, at: number, value: number): Buffer {
  const frame = Buffer.from(hex, 'hex');
  frame[at] = value;
  return frame;
}

/** A request whose argument is a list in a list in a list... in Hessian 2.0: 0x79 is a list of one item, N null, H Z an empty map. */
function nest(depth: number): Buffer {
  const texts = ['2.0.2', 'com.acme.Svc', '1.0.0', 'call', 'Ljava/util/List;'].flatMap((text) => [
    Buffer.from([text.length]),
    Buffer.from(text),
  ]);
  const body = Buffer.concat([...texts, Buffer.alloc(depth, 0x79), Buffer.from('NHZ')]);
  return framed('da bb c2 00', body);
}

function framed(beginning: string, body: Buffer): Buffer {
  const header = Buffer.concat([Buffer.from(beginning.replaceAll(' ', ''), 'hex'), Buffer.alloc(12)]);
  header[11] = 1;
  header.writeUInt32BE(body.length, 12);
  return Buffer.concat([header, body]);
}

const DEMO = 'org.apache.dubbo.backend.DemoService';

const options: ConformanceOptions = {
  protocol: dubbo,
  samples: {
    request: [
      {
        name: 'hello',
        bytes: bytes(recorded.apisixRequest),
        service: DEMO,
        method: 'hello',
        headers: {
          path: DEMO,
          interface: DEMO,
          'remote.application': 'sp-consumer',
          version: '1.0.0',
          timeout: '1000',
          ':version': '1.0.0',
          group: undefined,
        },
        timeoutMs: 1000,
        bindsConnection: false,
      },
      {
        name: 'tagged',
        bytes: bytes(recorded.liteTagged, WIDE_ID),
        service: 'com.example.Svc',
        method: 'm',
        headers: { 'dubbo.tag': 'gray', ':group': 'g1', group: 'g1', ':argument[0]': 'hi 中 😀', 'DUBBO.TAG': undefined },
        timeoutMs: 3000,
      },
      {
        name: 'nested objects',
        bytes: bytes(recorded.mosnNested),
        service: 'com.dmall.dsf.zone.proxy.service.ProxyInterface',
        method: 'unitTestByUnit',
        headers: { consumer_unit: 'gz01' },
      },
      {
        name: 'Dubbo 2.6.2',
        bytes: bytes(recorded.mosnRayCloud),
        service: 'com.raycloud.notify.api.service.NotifyJobRequest',
        method: 'stopNotifyJob',
        headers: { dubboApplication: 'com-raycloud-admin-x', ':version': '2.0.1-vpc-test' },
        timeoutMs: 5000,
      },
      {
        name: 'dubbo-go',
        bytes: bytes(recorded.rustUser),
        service: 'org.apache.dubbo.sample.UserProvider',
        method: 'GetUser',
        headers: { environment: 'dev', async: 'false' },
        timeoutMs: 0,
      },
    ],
    oneway: [{ name: 'hello', bytes: bytes(recorded.apisixOneway), service: DEMO, method: 'hello', headers: { version: '1.0.0' } }],
    response: [
      { name: 'map', bytes: bytes(recorded.apisixResponse), outcome: 'ok', answers: 'hello' },
      { name: 'with attachments', bytes: bytes(recorded.withAttachments, WIDE_ID), outcome: 'ok', answers: 'tagged' },
      { name: 'exception', bytes: bytes(recorded.exception), outcome: 'business-error' },
      { name: 'service not found', bytes: bytes(recorded.status60), outcome: 'not-found' },
      { name: 'thread pool exhausted', bytes: changed(recorded.status60, 3, 100), outcome: 'overload' },
      { name: 'server timeout', bytes: changed(recorded.status60, 3, 31), outcome: 'timeout' },
      { name: 'unknown status', bytes: changed(recorded.status60, 3, 255), outcome: 'failure' },
    ],
    ping: [{ name: 'heartbeat', bytes: bytes(recorded.heartbeat), pong: bytes(recorded.heartbeatAnswer) }],
    pong: [{ name: 'heartbeat', bytes: bytes(recorded.heartbeatAnswer) }],
    goaway: [{ name: 'read only', bytes: bytes(recorded.readOnly) }],
    resume: [{ name: 'writable', bytes: changed(recorded.readOnly, 17, 'W'.charCodeAt(0)) }],
  },
  malformed: [
    { name: 'another magic', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), expect: 'connection' },
    { name: 'a negative length', bytes: changed(recorded.apisixRequest, 12, 0xff), expect: 'connection' },
    { name: 'a body of nothing', bytes: bytes('dabbc200000000000000000100000000'), expect: 'frame' },
    { name: 'a body that is cut in the service', bytes: bytes('dabbc20000000000000000010000000805322e302e322f63'), expect: 'frame' },
    { name: 'a body of another type', bytes: bytes('dabbc200000000000000000100000004545446ff'), expect: 'frame' },
  ],
  calls: {
    requests: [
      {
        name: 'metadata',
        call: { service: 'com.acme.Metadata', group: 'g', version: '1.0.0', method: 'getMetadataInfo', arguments: ['revision', 'é'] },
        headers: {
          ...{ path: 'com.acme.Metadata', interface: 'com.acme.Metadata', group: 'g', version: '1.0.0', timeout: undefined },
          ...{ ':version': '1.0.0', ':argument[0]': 'revision', ':argument[1]': 'é' },
        },
      },
    ],
    refused: [
      {
        name: 'with a message',
        call: { service: 'com.acme.Hello', group: undefined, version: undefined, method: 'say', arguments: Buffer.alloc(1) },
      },
    ],
    answers: [
      { name: 'with attachments', bytes: bytes(recorded.withAttachments), says: { kind: 'value', value: 'ok' } },
      { name: 'map', bytes: bytes(recorded.apisixResponse) },
      { name: 'exception', bytes: bytes(recorded.exception), says: { kind: 'failed', reason: 'java.lang.RuntimeException: boom' } },
      { name: 'no service', bytes: bytes(recorded.status60), says: { kind: 'failed', reason: 'status 60: no healthy upstream' } },
      {
        name: 'another serialization',
        bytes: changed(recorded.withAttachments, 2, 6),
        says: { kind: 'failed', reason: 'asked in Hessian 2.0, it answers in serialization 6' },
      },
      { name: 'a heartbeat', bytes: bytes(recorded.heartbeatAnswer) },
    ],
    // A value, without attachments.
    nest: (depth) => framed('da bb 02 14', Buffer.concat([Buffer.of(0x91), Buffer.alloc(depth, 0x79), Buffer.from('N')])),
  },
  nest,
};

testCodec(options);
