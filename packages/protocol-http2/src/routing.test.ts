import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '@polywire/core/spi';
import { Malformed, RequestHead } from './head.ts';
import { readRequest } from './request-rules.ts';
import { heads } from './routing.ts';
import { block, GET, type Pairs, request, response } from './testing/heads.ts';

function at(authority: string, path: string, ...headers: Pairs): RequestHead {
  return request([[':method', 'POST'], [':scheme', 'http'], [':authority', authority], [':path', path], ...headers]);
}

function lookUp(head: RequestHead, ...names: string[]): unknown {
  const scan = heads.scan({ names, timeout: false, affinity: true });
  scan.run(head);
  assert.equal(scan.bindsConnection, false);
  return scan.values;
}

function timeoutOf(value: string): number {
  const scan = heads.scan({ names: [], timeout: true, affinity: false });
  scan.run(at('a', '/', ['grpc-timeout', value]));
  return scan.timeoutMs;
}

describe('the service of a request', () => {
  it('is the host of its authority, lower case, without the port', () => {
    for (const [authority, service] of [
      ['shop.example', 'shop.example'],
      ['Shop.EXAMPLE:8080', 'shop.example'],
      ['shop.example:', 'shop.example'],
      ['10.0.0.1:50051', '10.0.0.1'],
      ['[::1]', '[::1]'],
      ['[FE80::1]:80', '[fe80::1]'],
      ['', ''],
    ] as const) {
      assert.equal(heads.service(at(authority, '/')), service);
    }
  });

  it('is that of host where there is no :authority', () => {
    assert.equal(heads.service(request([...GET.filter(([name]) => name !== ':authority'), ['host', 'A.b:1']])), 'a.b');
  });
});

describe('the method of a request', () => {
  it('is its path without the query', () => {
    assert.equal(heads.methodIsPath, true);
    for (const [path, method] of [
      ['/com.acme.Greeter/sayHello', '/com.acme.Greeter/sayHello'],
      ['/a?b=c?d', '/a'],
      ['/?', '/'],
      ['/\xe4\xbd\xa0?x', '/你'],
    ] as const) {
      assert.equal(heads.method(at('a', path)), method);
    }
  });
});

describe('headers that rules look up', () => {
  it('are found by their names, in lower case or not', () => {
    assert.deepEqual(lookUp(at('a', '/', ['x-tag', 'gray'], ['empty', '']), 'x-tag', 'X-Tag', 'empty', 'x-none'), [
      'gray',
      'gray',
      '',
      undefined,
    ]);
  });

  it('are joined when there are several (RFC 9110, 5.3), and crumbs of cookies by semicolons (RFC 9113, 8.2.3)', () => {
    const head = at('a', '/', ['cookie', 'a=1'], ['accept', 'x'], ['cookie', 'b=2'], ['accept', 'y;q=0.1, z']);
    assert.deepEqual(lookUp(head, 'cookie', 'accept'), ['a=1; b=2', 'x,y;q=0.1, z']);
  });

  it('can be pseudo-headers, as they came', () => {
    const head = at('Shop.example:81', '/a?b=1');
    assert.deepEqual(lookUp(head, ':authority', 'host', ':path', ':method', ':scheme'), [
      'Shop.example:81',
      'Shop.example:81',
      '/a?b=1',
      'POST',
      'http',
    ]);
    assert.deepEqual(lookUp(request(GET.filter(([name]) => name !== ':authority')), ':authority', 'host'), [undefined, undefined]);
  });

  it('can be parameters of the query, whose names compare exactly, and of which the first counts', () => {
    const names = ['userId', 'userid', 'a', 'flag', 'none', 'c'].map((name) => `:query[${name}]`);
    assert.deepEqual(lookUp(at('a', '/x?userId=7&a=&flag&userId=8&a=1&c=%20=?'), ...names), ['7', undefined, '', '', undefined, '%20=?']);
    assert.deepEqual(lookUp(at('a', '/userId=7'), ':query[userId]'), [undefined]);
  });

  it('are read as UTF-8, and as Latin-1 when they are none', () => {
    assert.deepEqual(lookUp(at('a', '/\xc3\xa9', ['a', '\xe4\xbd\xa0'], ['b', 'caf\xe9']), 'a', 'b', ':path'), ['你', 'café', '/é']);
  });

  it('cannot be pseudo-headers that HTTP/2 has not, nor names that nobody can send', () => {
    const scan = (name: string) => () => heads.scan({ names: [name], timeout: false, affinity: false });
    assert.throws(
      scan(':argument[0]'),
      (error) => error instanceof ConfigError && /there are :authority, :method, :path, :scheme and :query\[name\]/.test(error.message),
    );
    assert.throws(scan(':group'), /tri-service-group/);
    assert.throws(scan(':version'), /tri-service-version/);
    assert.throws(scan(':other'), (error) => error instanceof ConfigError && !error.message.includes('tri'));
    assert.throws(scan('x:y'), ConfigError);
  });

  it('are looked up once for each distinct block and scan', () => {
    const facts = readRequest(block([...GET, ['a', '1']]));
    assert.ok(!(facts instanceof Malformed));
    const scan = heads.scan({ names: ['a'], timeout: false, affinity: false });
    scan.run(new RequestHead(facts, 1));
    const found = scan.values;
    scan.run(request([...GET, ['a', '2']]));
    assert.deepEqual(scan.values, ['2']);
    scan.run(new RequestHead(facts, 1));
    assert.equal(scan.values, found);
    const other = heads.scan({ names: [':path'], timeout: false, affinity: false });
    other.run(new RequestHead(facts, 1));
    assert.deepEqual(other.values, ['/']);
    scan.run(new RequestHead(facts, 1));
    assert.deepEqual(scan.values, ['1']);
  });
});

describe('the timeout of a request (gRPC, PROTOCOL-HTTP2.md)', () => {
  for (const [value, ms] of [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['40m', 40],
    ['1500u', 2],
    ['1u', 1],
    ['1n', 1],
    ['0m', 1],
    ['99999999m', 99_999_999],
    ['99999999H', 2 ** 31 - 1],
    // Triple's clients
    ['100000000m', 100_000_000],
  ] as const) {
    it(`of ${value} is ${ms} ms`, () => {
      assert.equal(timeoutOf(value), ms);
    });
  }

  it('that cannot be read is none', () => {
    for (const value of ['', 'm', '10', '10s', '10 m', '-1m', '1.5S', '1000000000000000m', '5mm']) assert.equal(timeoutOf(value), 0, value);
  });

  it('is not told when nobody asked', () => {
    const scan = heads.scan({ names: [], timeout: false, affinity: false });
    scan.run(at('a', '/', ['grpc-timeout', '5S']));
    assert.equal(scan.timeoutMs, 0);
  });

  it('that is left is kept for requests that said one', () => {
    for (const [head, left] of [
      [at('a', '/', ['grpc-timeout', '5S']), 70],
      [at('a', '/', ['grpc-timeout', 'soon']), 0],
      [at('a', '/'), 0],
    ] as const) {
      heads.setRemainingMs(head, 70);
      assert.equal(head.remainingMs, left);
    }
  });
});

describe('the outcome of an answer', () => {
  for (const [outcome, ...statuses] of [
    ['ok', 200, 204, 302, 304],
    ['business-error', 400, 405, 408, 409, 418, 499],
    ['denied', 401, 403, 407],
    ['not-found', 404],
    ['overload', 429, 503],
    ['timeout', 504],
    ['failure', 500, 501, 502, 599, 600, 999],
  ] as const) {
    it(`is ${outcome} for status ${statuses.join(', ')}`, () => {
      for (const status of statuses) assert.equal(heads.outcome(response([[':status', `${status}`]])), outcome);
    });
  }

  for (const [outcome, ...statuses] of [
    ['ok', '0'],
    ['business-error', '1', '3', '5', '6', '9', '10', '11'],
    ['timeout', '4'],
    ['denied', '7', '16'],
    ['overload', '8'],
    ['not-found', '12'],
    ['failure', '2', '13', '14', '15', '17', '', 'x'],
  ] as const) {
    it(`is ${outcome} for grpc-status ${statuses.join(', ')}, in trailers and without a body`, () => {
      for (const value of statuses) {
        assert.equal(
          heads.trailersOutcome?.([
            ...block([
              ['a', 'b'],
              ['grpc-status', value],
            ]).fields,
          ]),
          outcome,
        );
        const alone: Pairs = [
          [':status', '200'],
          ['content-type', 'application/grpc+proto'],
          ['grpc-status', value],
        ];
        assert.equal(heads.outcome(response(alone)), outcome);
      }
    });
  }

  it('is that of HTTP where gRPC says nothing', () => {
    assert.equal(heads.trailersOutcome?.([]), undefined);
    assert.equal(
      heads.outcome(
        response([
          [':status', '200'],
          ['content-type', 'application/grpc'],
        ]),
      ),
      'ok',
    );
    assert.equal(
      heads.outcome(
        response([
          [':status', '503'],
          ['content-type', 'application/grpc'],
          ['grpc-status', '0'],
        ]),
      ),
      'overload',
    );
    assert.equal(
      heads.outcome(
        response([
          [':status', '200'],
          ['content-type', 'text/html'],
          ['grpc-status', '14'],
        ]),
      ),
      'ok',
    );
  });
});

it('the size of a head is that of its block on the wire', () => {
  assert.equal(heads.size(request(GET)), 100);
});

describe('a line of the access log', () => {
  it('has the method, the status, and what gRPC says', () => {
    const head = at('a', '/');
    assert.deepEqual(heads.notes?.(head, undefined, []), ['POST']);
    assert.deepEqual(heads.notes?.(head, response([[':status', '204']]), []), ['POST', '204']);
    const trailers = [{ name: 'grpc-status', value: '5', neverIndexed: false }];
    assert.deepEqual(heads.notes?.(head, response([[':status', '200']]), trailers), ['POST', '200', 'grpc-status=5']);
    const alone = response([
      [':status', '200'],
      ['grpc-status', '7'],
    ]);
    assert.deepEqual(heads.notes?.(head, alone, []), ['POST', '200', 'grpc-status=7']);
  });
});
