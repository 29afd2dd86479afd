import { type ConformanceOptions, testCodec } from '@polywire/conformance';
import { bolt } from './index.ts';
import { reseal } from './testing/bodies.ts';
import { capture, vector } from './testing/recorded.ts';

/** Uses all 32 bits, and is negative as an int. */
const WIDE_ID = 0xfedc_ba98;

function changed(bytes: Buffer, at: number, ...values: number[]): Buffer {
  const frame = Buffer.from(bytes);
  frame.set(values, at);
  reseal(frame);
  return frame;
}

function withId(bytes: Buffer, id: number): Buffer {
  const frame = Buffer.from(bytes);
  frame.writeUInt32BE(id, frame[0] === 1 ? 5 : 6);
  reseal(frame);
  return frame;
}

const CALL = 'io.polywire.peers.CallService';
const NOTE = 'io.polywire.peers.NoteService';
const NODE_REQUEST = {
  service: 'com.alipay.test.TestService',
  method: 'plus',
  timeoutMs: 3000,
  headers: { ':version': '1.0', ':argument[0]': '1' },
};

const options: ConformanceOptions = {
  protocol: bolt,
  samples: {
    request: [
      {
        name: 'attachments',
        bytes: capture('request', 'attachments'),
        service: CALL,
        method: 'who',
        headers: {
          colour: 'green',
          'x-chinese': '你好',
          'x-empty': '',
          ':version': '2.0:blue',
          ':uniqueId': 'blue',
          COLOUR: undefined,
          ':group': undefined,
        },
        timeoutMs: 10_000,
        bindsConnection: false,
      },
      {
        name: 'plain',
        bytes: withId(capture('request', 'plain', '2.1'), WIDE_ID),
        service: CALL,
        method: 'who',
        headers: { ':argument[0]': 't' },
      },
      { name: 'checked', bytes: capture('request', 'plain', '2.2'), service: CALL, method: 'who', headers: { type: 'sync' } },
      { name: 'checked, wide id', bytes: withId(capture('request', 'plain', '2.2'), WIDE_ID), service: CALL, method: 'who' },
      { name: 'protobuf', bytes: capture('request', 'protobuf', '2.2'), service: NOTE, method: 'pass', headers: { protocol: 'bolt' } },
      { name: 'Node', bytes: vector('bolt/v1-request'), ...NODE_REQUEST },
      { name: 'Node, checked', bytes: vector('bolt/v2-crc-request'), ...NODE_REQUEST },
    ],
    oneway: [
      { name: 'one-way', bytes: capture('one-way', 'one-way'), service: CALL },
      { name: 'checked', bytes: capture('one-way', 'one-way', '2.2'), service: CALL },
    ],
    response: [
      { name: 'attachments', bytes: capture('response', 'attachments'), outcome: 'ok', answers: 'attachments' },
      { name: 'checked', bytes: capture('response', 'plain', '2.2'), outcome: 'ok', answers: 'checked' },
      { name: 'checked exception', bytes: capture('response', 'checked exception'), outcome: 'business-error' },
      { name: 'unchecked exception', bytes: capture('response', 'unchecked exception', '2.2'), outcome: 'business-error' },
      { name: 'protobuf exception', bytes: capture('response', 'protobuf exception'), outcome: 'business-error' },
      { name: 'no such service', bytes: capture('response', 'no such service'), outcome: 'not-found' },
      { name: 'busy', bytes: changed(capture('response', 'plain', '2.2'), 12, 0, 4), outcome: 'overload' },
      { name: 'timeout', bytes: changed(vector('bolt/v1-ok-response'), 10, 0, 7), outcome: 'timeout' },
      { name: 'server exception', bytes: vector('bolt/v1-server-exception-response'), outcome: 'failure' },
      { name: 'unknown status', bytes: changed(vector('bolt/v1-ok-response'), 10, 0, 0x0c), outcome: 'failure' },
      { name: 'Node, with a large object', bytes: vector('bolt/v2-crc-response'), outcome: 'ok' },
    ],
    ping: [
      { name: 'version 1', bytes: vector('bolt/v1-heartbeat'), pong: vector('bolt/v1-heartbeat-ack') },
      { name: 'version 2', bytes: vector('bolt/v2-heartbeat'), pong: vector('bolt/v2-heartbeat-ack') },
      { name: 'of Java', bytes: capture('heartbeat', 'heartbeat', '2.2') },
    ],
    pong: [
      { name: 'version 1', bytes: vector('bolt/v1-heartbeat-ack') },
      { name: 'version 2', bytes: vector('bolt/v2-heartbeat-ack') },
    ],
    goaway: [{ name: 'MOSN', bytes: changed(vector('bolt/v1-heartbeat'), 2, 0, 100) }],
  },
  malformed: [
    { name: 'another protocol', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), expect: 'connection' },
    { name: 'another version', bytes: Buffer.from([2, 3, 1]), expect: 'connection' },
    { name: 'another type', bytes: Buffer.from([1, 3]), expect: 'connection' },
    { name: 'a negative length', bytes: changed(vector('bolt/v1-request'), 18, 0xff), expect: 'connection' },
    {
      name: 'a wrong checksum',
      bytes: Buffer.concat([vector('bolt/v2-crc-request').subarray(0, -1), Buffer.from([0])]),
      expect: 'connection',
    },
    { name: 'an unknown command', bytes: changed(vector('bolt/v2-crc-request'), 3, 0, 9), expect: 'frame' },
    { name: 'unknown switches', bytes: changed(vector('bolt/v2-crc-request'), 11, 0x81), expect: 'frame' },
  ],
  checksumBytes: 4,
  reseal,
  maxValueLength: 16_384,
  routingHeaders: ['service', 'sofa_head_target_service', 'sofa_head_method_name'],
};

testCodec(options);
