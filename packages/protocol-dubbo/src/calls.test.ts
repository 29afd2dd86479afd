import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallAnswer, ServiceCall } from '@polywire/core/spi';
import fc from 'fast-check';
import * as hessian from 'hessian.js';
import { header } from './frame.ts';
import { hex } from './testing/bodies.ts';
import { calls, lookUp, parse, routing } from './testing/codec.ts';

const CALL: ServiceCall = { service: 'com.acme.Hello', group: 'g', version: '1.0.0', method: 'say', arguments: ['you', 'é'] };

function answered(body: Buffer, status = 20, serialization = 2): CallAnswer {
  return calls.answer(parse(Buffer.concat([header(serialization, status, 0, 1, body.length), body])));
}

test('a call is a request that Dubbo finds the service of', () => {
  const frame = parse(calls.request(CALL));
  assert.deepEqual([frame.kind, frame.service, routing.method(frame)], ['request', 'com.acme.Hello', 'say']);
  const names = [':version', 'path', 'interface', 'group', 'version', ':argument[0]', ':argument[1]'];
  assert.deepEqual(lookUp(frame, ...names), ['1.0.0', 'com.acme.Hello', 'com.acme.Hello', 'g', '1.0.0', 'you', 'é']);
  const plain = parse(calls.request({ ...CALL, group: undefined, version: undefined, arguments: [] }));
  assert.deepEqual(lookUp(plain, ':version', 'group', 'version', ':argument[0]'), Array(4).fill(undefined));
  assert.throws(() => calls.request({ ...CALL, arguments: Buffer.alloc(1) }), /strings/);
});

test('an answer is its value, with attachments behind it or not', () => {
  const value = hessian.encode(['a', 1, true], '2.0');
  assert.deepEqual(answered(Buffer.concat([hex('91'), value])), { kind: 'value', value: ['a', 1, true] });
  assert.deepEqual(answered(Buffer.concat([hex('94'), value, hex('48 5a')])), { kind: 'value', value: ['a', 1, true] });
  for (const body of ['92', '95 48 5a', '91 4e']) assert.deepEqual(answered(hex(body)), { kind: 'value', value: null });
});

test('an answer without a value says why', () => {
  const exception = hessian.encode({ $class: 'com.acme.Sorry', $: { detailMessage: 'not today' } }, '2.0');
  for (const [answer, reason] of [
    [answered(Buffer.concat([hex('90'), exception])), 'com.acme.Sorry: not today'],
    [answered(hex('93 4e 48 5a')), 'it threw an exception'],
    [answered(hessian.encode('no such service', '2.0'), 60), 'status 60: no such service'],
    [answered(hex('40'), 70), 'status 70: without a reason'],
    [answered(hex('91 40')), 'its answer cannot be read'],
    [answered(hex('99 4e')), 'its answer cannot be read'],
    [answered(hex('')), 'its answer cannot be read'],
    [answered(hex('91 4e'), 20, 6), 'asked in Hessian 2.0, it answers in serialization 6'],
  ] as const) {
    assert.deepEqual(answer, { kind: 'failed', reason });
  }
});

test('any bytes are an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(20, 30, 70), (body, status) => {
      const answer = answered(Buffer.from(body), status);
      assert.ok(answer.kind === 'value' || answer.reason !== '');
    }),
  );
});
