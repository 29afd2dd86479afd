import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import fc from 'fast-check';
import { pair } from './pair.ts';
import { hex, type RequestParts, request, response } from './testing/bodies.ts';
import { character } from './testing/character.ts';
import { bytesOf, lookUp, parse, parseFront, routing, timeoutOf } from './testing/codec.ts';
import { capture, vector } from './testing/recorded.ts';

const NULL = hex('ffffffff');

function identity(parts: RequestParts): string[] {
  const frame = parse(request(parts));
  return [routing.service(frame), routing.method(frame), ...lookUp(frame, ':version', ':uniqueId', ':group').map(String)];
}

/** A key whose value is null, as old SOFARPC writes it. */
function nullPair(key: string): Buffer {
  return Buffer.concat([pair(key, '').subarray(0, -4), NULL]);
}

describe('service and method', () => {
  it('are the interface of the unique name, and the method', () => {
    const [service, method] = ['com.acme.Hello', 'say'];
    const named = (name: string) => identity({ headers: ['service', name, 'sofa_head_method_name', method] });
    assert.deepEqual(named(`${service}:1.0`), [service, method, '1.0', 'undefined', 'undefined']);
    assert.deepEqual(named(`${service}:1.0:blue`), [service, method, '1.0:blue', 'blue', 'undefined']);
    assert.deepEqual(named(service), [service, method, 'undefined', 'undefined', 'undefined']);
    assert.deepEqual(named(`${service}:`), [service, method, 'undefined', 'undefined', 'undefined']);
  });

  it('are those that SOFARPC’s server believes', () => {
    const both = ['service', 'a:1.0', 'sofa_head_target_service', 'b:2.0'];
    assert.equal(identity({ headers: both })[0], 'a');
    assert.equal(
      identity({ headers: both.toReversed().flatMap((_, i, all) => (i % 2 === 0 ? [all[i + 1] ?? '', all[i] ?? ''] : [])) })[0],
      'a',
    );
    assert.equal(identity({ headers: ['sofa_head_target_service', 'b:2.0'] })[0], 'b');
    assert.equal(identity({ headers: ['service', '', 'sofa_head_target_service', 'b:2.0'] })[0], 'b');
    assert.equal(identity({ headers: ['service', 'a:1.0', 'service', 'c:1.0'] })[0], 'c');
  });

  it('are in the content of a request whose headers lack them', () => {
    const { chunk, from, contentAt, to } = parse(vector('bolt/v1-request'));
    const content = Buffer.from(chunk.subarray(from + contentAt, to));
    const sofa = ['com.alipay.test.TestService', 'plus', '1.0', 'undefined', 'undefined'];
    assert.deepEqual(identity({ content, headers: [] }), sofa);
    assert.deepEqual(identity({ content, headers: ['service', 'other:2.0'] }).slice(0, 2), ['other', 'plus']);
    assert.deepEqual(identity({ content, headers: ['sofa_head_method_name', 'say'] }).slice(0, 2), ['com.alipay.test.TestService', 'say']);
    for (const parts of [{ content, codec: 11 }, { content, class: 'com.acme.Request' }, { content: content.subarray(0, 60) }]) {
      assert.deepEqual(identity({ ...parts, headers: [] }).slice(0, 2), ['', '']);
    }
    const b = request({ content, headers: [] });
    let at = 66;
    while (parseFront(b, at) === undefined) at++;
    assert.ok(at < b.length);
    assert.equal(parseFront(b, at)?.service, 'com.alipay.test.TestService');
  });

  it('are none when the headers are no map', () => {
    for (const headers of [hex('00'), hex('0000000761'), Buffer.concat([pair('service', 'a:1.0'), hex('0000')]), hex('7fffffff00000000')]) {
      const frame = parse(request({ headers }));
      assert.equal(frame.defect, undefined);
      assert.deepEqual([routing.service(frame), routing.method(frame), [...routing.headers(frame)].length], ['', '', 1]);
      assert.deepEqual(lookUp(frame, 'service', ':version', ':uniqueId', ':argument[0]'), [UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE]);
      assert.deepEqual(lookUp(frame, ':class'), ['com.alipay.sofa.rpc.core.request.SofaRequest']);
    }
  });
});

describe('names', () => {
  it('that bolt cannot have are refused when configuration loads', () => {
    for (const name of ['', ':path', ':authority', ':argument[]', ':argument[255]']) {
      assert.throws(() => routing.scan({ names: [name], timeout: false, affinity: false }), ConfigError, name);
    }
  });

  it('with a null are absent, and do not hide an earlier value', () => {
    const map = vector('bolt/header-map-with-null(-1)');
    const frame = parse(request({ headers: map }));
    assert.deepEqual(lookUp(frame, 'sofa_head_target_app', ':app', 'protocol', 'rpc_trace_context.sofaCallerIp', 'sofa_head_method_name'), [
      ...[undefined, undefined, 'bolt', '', 'echoObj'],
    ]);
    assert.deepEqual(lookUp(parse(request({ headers: Buffer.concat([pair('k', 'a'), nullPair('k')]) })), 'k'), ['a']);
  });

  it('find headers among any others, as in a map of all of them', () => {
    const key = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 }), fc.constantFrom('service', 'x'.repeat(300)));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.string({ unit: character, maxLength: 20 })), { maxLength: 10 }),
        fc.uniqueArray(
          key.filter((name) => name !== ''),
          { maxLength: 6 },
        ),
        (pairs, names) => {
          const last = new Map(pairs);
          const found = lookUp(parse(request({ headers: pairs.flat() })), ...names);
          assert.deepEqual(
            [...found],
            names.map((name) => last.get(name)),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('of applications are short for the headers that say them', () => {
    const headers = ['sofa_head_target_app', 'shop', 'app', 'web'];
    const found = lookUp(parse(request({ headers })), ':app', ':callerApp', 'sofa_head_target_app', ':app');
    assert.deepEqual(found, ['shop', 'web', 'shop', 'shop']);
  });

  it('find arguments of calls in Hessian', () => {
    const frame = parse(capture('request', 'many arguments'));
    assert.deepEqual(lookUp(frame, ':argument[1]', ':argument[0]', ':argument[254]'), ['1', 'true', undefined]);
    assert.deepEqual(lookUp(parse(capture('request', 'protobuf')), ':argument[0]'), [UNREADABLE]);
    const b = capture('request', 'many arguments');
    const front = parseFront(b, frame.contentAt);
    assert.ok(front !== undefined);
    assert.deepEqual(lookUp(front, ':argument[1]', 'type'), [NOT_REACHED, 'sync']);
  });
});

describe('time', () => {
  it('is the header’s, in milliseconds, unless it says none', () => {
    for (const [timeout, found] of [
      [3000, 3000],
      [1, 1],
      [0, 0],
      [-1, 0],
      [-0x80000000, 0],
    ] as const) {
      assert.equal(timeoutOf(parse(request({ timeout }))), found);
    }
  });

  it('that is left is written in place, and never lifts a limit or makes one', () => {
    for (const [timeout, ms, left] of [
      [3000, 1234.9, 1234],
      [3000, 0, 1],
      [3000, -5, 1],
      [3000, 60_000, 3000],
      [-1, 100, -1],
      [0, 100, 0],
    ] as const) {
      for (const dialect of [0, 1, 2]) {
        const frame = parse(request({ timeout, dialect }));
        routing.setRemainingMs?.(frame, ms);
        assert.deepEqual(bytesOf(frame), request({ timeout: left, dialect }));
      }
    }
  });
});

describe('outcomes', () => {
  it('follow the status', () => {
    const known = new Map([[0, 'ok'], [4, 'overload'], [6, 'not-found'], [7, 'timeout']]); // biome-ignore format: a table
    for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 0x10, 0x11, 0x12, 0x13, 0xffff]) {
      assert.equal(routing.outcome(parse(response(status, { class: '', headers: [] }))), known.get(status) ?? 'failure', String(status));
    }
  });

  it('tell failures of SOFARPC from exceptions of the service', () => {
    const error = (content: string) =>
      response(0, { codec: 11, headers: ['sofa_head_response_error', 'true'], content: Buffer.from(content) });
    assert.equal(routing.outcome(parse(error('RPC-020100010: RPC cannot find service: [a:1.0] '))), 'not-found');
    assert.equal(routing.outcome(parse(error('RPC-019990009: RPC server stopped: [a] '))), 'failure');
    assert.equal(routing.outcome(parse(error('broken'))), 'business-error');
    assert.equal(routing.outcome(parse(response(0, { codec: 11, headers: ['sofa_head_response_error', 'false'] }))), 'ok');
    assert.equal(routing.outcome(parse(response(0, { codec: 11, headers: hex('01') }))), 'ok');
    const noMap = Buffer.concat([pair('sofa_head_response_error', 'true'), hex('01')]);
    assert.equal(routing.outcome(parse(response(0, { codec: 11, headers: noMap }))), 'ok');
    assert.equal(routing.outcome(parse(response(0, { content: vector('sofa/hessian3x-SofaResponse-isError') }))), 'failure');
    assert.equal(routing.outcome(parse(response(0, { content: hex('4f4f4f') }))), 'ok');
  });
});
