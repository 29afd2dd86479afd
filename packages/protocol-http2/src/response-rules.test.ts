import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Malformed } from './head.ts';
import { readResponse } from './response-rules.ts';
import { block, type Pairs, pairsOf, response } from './testing/heads.ts';
import { readTrailers } from './trailer-rules.ts';

function status(code: string, ...headers: Pairs): Pairs {
  return [[':status', code], ...headers];
}

function fault(pairs: Pairs): string {
  const read = readResponse(block(pairs));
  return read instanceof Malformed ? read.detail : 'no fault';
}

describe('the status of answers (RFC 9113, 8.3.2)', () => {
  const refused: readonly (readonly [what: string, pairs: Pairs, detail: RegExp])[] = [
    ['none', [['a', '1']], /does not begin with :status/],
    ['no header at all', [], /does not begin with :status/],
    [
      'one behind a header',
      [
        ['a', '1'],
        [':status', '200'],
      ],
      /does not begin with :status/,
    ],
    ['two', status('200', [':status', '200']), /":status" is unknown, too late or too many/],
    ["a request's pseudo-headers", status('200', [':path', '/']), /":path" is unknown/],
    ['words', status('OK'), /header ":status" cannot be "OK"/],
    ['two digits', status('20'), /header ":status" cannot be "20"/],
    ['four digits', status('2000'), /header ":status" cannot be "2000"/],
    ['a leading zero', status('099'), /header ":status" cannot be "099"/],
    ['101 (8.6)', status('101'), /no status 101/],
  ];
  for (const [what, pairs, detail] of refused) {
    it(`cannot be ${what}`, () => {
      assert.match(fault(pairs), detail);
    });
  }

  it('tells heads before the answer from the answer', () => {
    assert.deepEqual(
      ['100', '103', '200', '404', '599', '999'].map((code) => response(status(code)).facts.interim),
      [true, true, false, false, false, false],
    );
    assert.equal(response(status('418')).facts.status, 418);
  });
});

describe('headers of answers', () => {
  it('obey the same rules as those of requests (RFC 9113, 8.2)', () => {
    assert.match(fault(status('200', ['X-A', '1'])), /"X-A" is no header's name/);
    assert.match(fault(status('200', ['a', 'x\r\nb: 1'])), /"a" cannot be/);
    assert.match(fault(status('200', ['a', ' x'])), /"a" cannot be/);
    for (const name of ['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']) {
      assert.match(fault(status('200', [name, 'x'])), /speaks of one connection/);
    }
    assert.match(fault(status('200', ['te', 'gzip'])), /"te" cannot be "gzip"/);
  });

  it('are forwarded as they came', () => {
    const one = block(
      status('200', ['set-cookie', 'a'], ['set-cookie', 'b'], ['content-length', '5'], ['host', 'x'], ['grpc-timeout', 'x']),
    );
    const facts = readResponse(one);
    assert.equal(readResponse(one), facts);
    assert.ok(!(facts instanceof Malformed));
    assert.equal(facts.fields, one.fields);
    assert.equal(facts.contentLength, 5);
  });

  it('are forwarded without alt-svc, which would lead callers past the proxy (RFC 7838)', () => {
    const { facts } = response(status('200', ['a', '1'], ['alt-svc', 'h2=":50051"'], ['b', '2']));
    assert.deepEqual(pairsOf(facts.fields), status('200', ['a', '1'], ['b', '2']));
  });
});

describe('content-length of answers (RFC 9110, 8.6)', () => {
  it('is one number', () => {
    assert.match(fault(status('200', ['content-length', 'x'])), /"content-length" cannot be "x"/);
    assert.match(fault(status('200', ['content-length', '1'], ['content-length', '1'])), /"content-length" is there twice/);
    assert.match(fault(status('200', ['content-length', '0'], ['content-length', '0'])), /"content-length" is there twice/);
    assert.equal(response(status('200', ['content-length', '0'])).facts.contentLength, 0);
    assert.equal(response(status('200')).facts.contentLength, -1);
  });

  it('says nothing of the body of a 304, which has none', () => {
    const { facts } = response(status('304', ['content-length', '500']));
    assert.equal(facts.contentLength, 0);
    assert.deepEqual(pairsOf(facts.fields), status('304', ['content-length', '500']));
  });

  it('is left out of a 204 and of a 1xx, where it may not be', () => {
    assert.deepEqual(pairsOf(response(status('204', ['content-length', '0'])).facts.fields), status('204'));
    assert.equal(response(status('204')).facts.contentLength, 0);
    assert.deepEqual(pairsOf(response(status('103', ['content-length', '7'], ['link', 'x'])).facts.fields), status('103', ['link', 'x']));
    assert.match(fault(status('204', ['content-length', '7'])), /204 has no content-length/);
  });
});

describe('trailers', () => {
  const trailerFault = (...pairs: Pairs): string => {
    const read = readTrailers(block(pairs));
    return read instanceof Malformed ? read.detail : 'no fault';
  };

  it('have no pseudo-headers (RFC 9113, 8.1)', () => {
    for (const name of [':status', ':method', ':x'])
      assert.match(trailerFault(['a', '1'], [name, '200']), /trailers have no pseudo-header/);
  });

  it('obey the rules for names, values and connections (RFC 9113, 8.2)', () => {
    assert.match(trailerFault(['A', '1']), /no header's name/);
    assert.match(trailerFault(['a', '1\n']), /"a" cannot be/);
    assert.match(trailerFault(['connection', 'close']), /speaks of one connection/);
    assert.match(trailerFault(['te', 'gzip']), /"te" cannot be "gzip"/);
  });

  it('are forwarded as they came', () => {
    const one = block([
      ['grpc-status', '0'],
      ['x-bin', 'AAE'],
    ]);
    assert.equal(readTrailers(one), one.fields);
    assert.equal(readTrailers(one), readTrailers(one));
    assert.deepEqual(readTrailers(block([])), []);
  });

  it('say nothing of framing and routing (RFC 9110, 6.5)', () => {
    const read = readTrailers(
      block([
        ['content-length', '5'],
        ['a', '1'],
        ['host', 'x'],
        ['alt-svc', 'x'],
      ]),
    );
    assert.deepEqual(read instanceof Malformed ? read : pairsOf(read), [['a', '1']]);
  });
});
