import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderField, ServiceCall } from '@polywire/core/spi';
import { calls } from './calls.ts';
import { Malformed } from './head.ts';
import { readRequest } from './request-rules.ts';
import { block, type Pairs, pairsOf, response } from './testing/heads.ts';

const CALL: ServiceCall = { service: 'com.acme.Hello', group: 'é', version: '1.0', method: 'Say', arguments: Buffer.from('message') };
const OK: Pairs = [[':status', '200']];

function fields(pairs: Pairs): HeaderField[] {
  return pairs.map(([name, value]) => ({ name, value, neverIndexed: false }));
}

test('a call is one that gRPC and Triple take', () => {
  const { head, body } = calls.request(CALL, '10.0.0.1:50051');
  const pairs = pairsOf(head.facts.fields) ?? [];
  assert.deepEqual(pairs, [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/com.acme.Hello/Say'],
    [':authority', '10.0.0.1:50051'],
    ['content-type', 'application/grpc+proto'],
    ['te', 'trailers'],
    ['tri-service-group', 'Ã©'],
    ['tri-service-version', '1.0'],
  ]);
  assert.ok(!(readRequest(block(pairs)) instanceof Malformed));
  assert.deepEqual(body, Buffer.from('\0\0\0\0\x07message'));
  const plain = pairsOf(calls.request({ ...CALL, group: undefined, version: undefined }, '[fe80::1%eth0]:1').head.facts.fields) ?? [];
  assert.ok(!(readRequest(block(plain)) instanceof Malformed));
  assert.equal(plain.length, 6);
});

test('what cannot be said is refused', () => {
  for (const [call, reason] of [
    [{ ...CALL, arguments: ['text'] }, /a message, not strings/],
    [{ ...CALL, method: 'a b' }, /no path/],
    [{ ...CALL, group: 'a\r\nb: c' }, /tri-service-group cannot have the value/],
  ] as const) {
    assert.throws(() => calls.request(call, 'h:1'), reason);
  }
});

test('an answer is its message, or why there is none', () => {
  const message = Buffer.from('\0\0\0\0\x02ok');
  assert.deepEqual(calls.answer(response(OK), message, fields([['grpc-status', '0']])), { kind: 'value', value: Buffer.from('ok') });
  for (const [pairs, body, trailers, reason] of [
    [
      OK,
      '',
      [
        ['grpc-status', '12'],
        ['grpc-message', 'no %C3%A9%'],
      ],
      'grpc-status 12: no é%',
    ],
    [[...OK, ['grpc-status', '5']], '', [], 'grpc-status 5'],
    [[[':status', '404']], 'not found', [], 'status 404 without a grpc-status'],
    [OK, '', [['grpc-status', '0']], 'its answer is not one message that is not compressed'],
    [OK, '\x01\0\0\0\x02ok', [['grpc-status', '0']], 'its answer is not one message that is not compressed'],
    [OK, '\0\0\0\0\x03ok', [['grpc-status', '0']], 'its answer is not one message that is not compressed'],
  ] as const) {
    assert.deepEqual(calls.answer(response(pairs), Buffer.from(body), fields(trailers)), { kind: 'failed', reason });
  }
});
