import { testStreamCalls } from '@polywire/conformance';
import type { ServiceCall } from '@polywire/core/spi';
import { ACK, DATA, END_STREAM, SETTINGS } from './frame.ts';
import { http2 } from './index.ts';
import { frame, headersFrame, settingsFrame } from './testing/frames.ts';
import type { Pairs } from './testing/heads.ts';

const CALL: ServiceCall = { service: 'com.acme.Hello', group: 'g', version: '1.0', method: 'Say', arguments: Buffer.from('message') };
const OK: Pairs = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];

/** All that a server says on a connection whose only request it answers. */
function answer(body: string, trailers: Pairs, head = OK): Buffer {
  const hello = [settingsFrame(), frame(SETTINGS, ACK, 0)];
  return Buffer.concat([...hello, headersFrame(1, 0, head), frame(DATA, 0, 1, body), headersFrame(1, END_STREAM, trailers)]);
}

testStreamCalls({
  protocol: http2,
  calls: {
    requests: [
      { name: 'of Triple', call: CALL, headers: { 'tri-service-group': 'g', 'tri-service-version': '1.0', 'x-user': undefined } },
      { name: 'without a message', call: { ...CALL, arguments: Buffer.alloc(0) } },
    ],
    refused: [
      { name: 'with texts', call: { ...CALL, arguments: ['text'] } },
      { name: 'of a method that is no path', call: { ...CALL, method: 'a b' } },
      { name: 'of a group in two lines', call: { ...CALL, group: 'a\r\nb: c' } },
    ],
    answers: [
      { name: 'a message', bytes: answer('\0\0\0\0\x02ok', [['grpc-status', '0']]), says: { kind: 'value', value: Buffer.from('ok') } },
      {
        name: 'an error',
        bytes: answer('', [
          ['grpc-status', '12'],
          ['grpc-message', 'no such method'],
        ]),
        says: { kind: 'failed', reason: 'grpc-status 12: no such method' },
      },
      {
        name: 'not of gRPC',
        bytes: answer('not found', [], [[':status', '404']]),
        says: { kind: 'failed', reason: 'status 404 without a grpc-status' },
      },
      {
        name: 'shorter than it says',
        bytes: answer('\0\xff\xff\xff\xff', [['grpc-status', '0']]),
        says: { kind: 'failed', reason: 'its answer is not one message that is not compressed' },
      },
    ],
  },
});
