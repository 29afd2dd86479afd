import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Malformed } from './head.ts';
import { readRequest } from './request-rules.ts';
import { block, GET, type Pairs, pairsOf, request } from './testing/heads.ts';

/** A pseudo-header replaced, or left out. */
function but(name: string, value: string | undefined, pairs = GET): Pairs {
  return pairs.flatMap(([key, old]) => (key !== name ? [[key, old] as const] : value === undefined ? [] : [[key, value] as const]));
}

function withHeaders(...headers: Pairs): Pairs {
  return [...GET, ...headers];
}

function fault(pairs: Pairs): string | undefined {
  const read = readRequest(block(pairs));
  return read instanceof Malformed ? read.detail : undefined;
}

function check(cases: readonly (readonly [what: string, pairs: Pairs, detail: RegExp | undefined])[]): void {
  for (const [what, pairs, detail] of cases) {
    it(`${detail === undefined ? 'take' : 'refuse'} ${what}`, () => {
      const found = fault(pairs);
      if (detail === undefined) assert.equal(found, undefined);
      else assert.match(found ?? 'no fault', detail);
    });
  }
}

describe('pseudo-headers of requests (RFC 9113, 8.3 and 8.3.1)', () => {
  check([
    ['all four', GET, undefined],
    ['a request without :method', but(':method', undefined), /":method" is missing/],
    ['a request without :scheme', but(':scheme', undefined), /":scheme" is missing/],
    ['a request without :path', but(':path', undefined), /":path" is missing/],
    ['no header at all', [], /":method" is missing/],
    ['each of them twice: :method', [...GET, [':method', 'GET']], /":method" is there twice/],
    ['each of them twice: :scheme', [...GET, [':scheme', 'http']], /":scheme" is there twice/],
    ['each of them twice: :authority', [...GET, [':authority', 'shop.example']], /":authority" is there twice/],
    ['each of them twice: :path', [...GET, [':path', '/']], /":path" is there twice/],
    ['each of them twice: :protocol', [...GET, [':protocol', 'x'], [':protocol', 'x']], /":protocol" is there twice/],
    ['one behind a header', [...GET.slice(1), ['a', '1'], [':method', 'GET']], /":method" stands behind headers/],
    ['unknown ones', [...GET, [':dubbo', '1']], /no pseudo-header ":dubbo"/],
    ["an answer's", [...GET, [':status', '200']], /no pseudo-header ":status"/],
    ['a bare colon', [...GET, [':', '1']], /no pseudo-header ":"/],
    ['any order of them', [...GET].reverse(), undefined],
  ]);
});

describe('the method, scheme and path of requests (RFC 9113, 8.3.1)', () => {
  check([
    ['an empty method', but(':method', ''), /":method" cannot be ""/],
    ['a method with a blank', but(':method', 'GET /'), /":method" cannot be/],
    ['methods that nobody knows', but(':method', 'M-SEARCH'), undefined],
    ['an empty scheme', but(':scheme', ''), /":scheme" cannot be ""/],
    ['a scheme with a slash', but(':scheme', 'http://a'), /":scheme" cannot be/],
    ['other schemes, and paths without a slash there', but(':scheme', 'urn', but(':path', '')), undefined],
    ['schemes in upper case', but(':scheme', 'HTTPS'), undefined],
    ['an empty path', but(':path', ''), /":path" cannot be ""/],
    ['a path without a slash', but(':path', 'index.html'), /":path" cannot be "index.html"/],
    ['an empty path of a scheme in upper case', but(':scheme', 'HTTP', but(':path', '')), /":path" cannot be ""/],
    ['OPTIONS *', but(':method', 'OPTIONS', but(':path', '*')), undefined],
    ['GET *', but(':path', '*'), /":path" cannot be "\*"/],
    ['a blank in a path', but(':path', '/a b'), /":path" cannot be/],
    ['a control in a path', but(':path', '/a\x01'), /":path" cannot be/],
    ['DEL in a path', but(':path', '/a\x7f'), /":path" cannot be/],
    ['a fragment', but(':path', '/a#b'), /":path" cannot be/],
    ['bytes above ASCII in a path', but(':path', '/\xe4\xbd\xa0?a="b"&c={}'), undefined],
  ]);
});

describe('the authority of requests (RFC 9113, 8.3.1)', () => {
  const host = (value: string, authority: string | undefined = 'shop.example', scheme = 'http'): Pairs => [
    ...but(':authority', authority, but(':scheme', scheme)),
    ['host', value],
  ];
  check([
    ['an equal host', host('shop.example'), undefined],
    ['a host that is equal but for case', host('Shop.EXAMPLE'), undefined],
    ["a host with the scheme's port", host('shop.example:80'), undefined],
    ["a host with the secure scheme's port", host('shop.example', 'shop.example:443', 'https'), undefined],
    ['a host with an empty port', host('shop.example:'), undefined],
    ['a host with the port of a scheme in upper case', host('shop.example', 'shop.example:443', 'HTTPS'), undefined],
    ["a host with another scheme's port", host('shop.example:443'), /disagree/],
    ['another host', host('evil.example'), /:authority "shop.example" and host "evil.example" disagree/],
    ['another port', host('shop.example:81'), /disagree/],
    ['an empty host beside an authority', host(''), /disagree/],
    ['two hosts, even when equal (RFC 9110, 7.2)', [...host('shop.example'), ['host', 'shop.example']], /"host" is there twice/],
    ['a list as host', host('a, b', undefined), /"host" cannot be/],
    ['a host alone', [...but(':authority', undefined), ['host', 'shop.example']], undefined],
    ['neither', but(':authority', undefined), undefined],
    ['userinfo', but(':authority', 'me@shop.example'), /":authority" cannot be "me@shop.example"/],
    ['a path in it', but(':authority', 'shop.example/x'), /":authority" cannot be/],
    ['a blank in it', but(':authority', 'shop example'), /":authority" cannot be/],
    ['addresses', but(':authority', '[::1]:8080'), undefined],
  ]);

  it('is the host where there is no other', () => {
    assert.equal(request([...but(':authority', undefined), ['host', 'shop.example:81']]).facts.authority, 'shop.example:81');
    assert.equal(request(but(':authority', undefined)).facts.authority, '');
  });
});

describe('names of headers (RFC 9113, 8.2.1)', () => {
  check([
    ['upper case', withHeaders(['X-Tag', '1']), /"X-Tag" is no header's name/],
    ['an empty name', withHeaders(['', '1']), /"" is no header's name/],
    ['a blank', withHeaders(['x tag', '1']), /no header's name/],
    ['a colon', withHeaders(['x:tag', '1']), /no header's name/],
    ['a zero byte', withHeaders(['x\0', '1']), /no header's name/],
    ['DEL', withHeaders(['x\x7f', '1']), /no header's name/],
    ['bytes above ASCII', withHeaders(['x\xe4', '1']), /no header's name/],
    ["Triple's names", withHeaders(['tri-service-group', 'g'], ['sofa_head_target', 'x'], ['dubbo.tag', 'gray']), undefined],
    ["names of attachments that are no tokens, which Triple's clients send", withHeaders(['user/id', '7'], ['a@b(c)', 'x']), undefined],
  ]);
});

describe('values of headers (RFC 9113, 8.2.1)', () => {
  check([
    ['a zero byte', withHeaders(['a', 'x\0y']), /"a" cannot be/],
    ['CR', withHeaders(['a', 'x\ry']), /"a" cannot be/],
    ['LF', withHeaders(['a', 'x\ny']), /"a" cannot be/],
    ['a blank in front', withHeaders(['a', ' x']), /"a" cannot be/],
    ['a tab in front', withHeaders(['a', '\tx']), /"a" cannot be/],
    ['a blank behind', withHeaders(['a', 'x ']), /"a" cannot be/],
    ['a tab behind', withHeaders(['a', 'x\t']), /"a" cannot be/],
    ['nothing but a blank', withHeaders(['a', ' ']), /"a" cannot be/],
    ['empty values, blanks inside, and bytes above ASCII', withHeaders(['a', ''], ['b', 'x y\tz'], ['c', '\xe4\xbd\xa0']), undefined],
    ['other controls (RFC 9110, 5.5)', withHeaders(['a', 'x\x0b\x01y']), undefined],
  ]);
});

describe('headers of a connection (RFC 9113, 8.2.2)', () => {
  check([
    ['connection', withHeaders(['connection', 'keep-alive']), /"connection" speaks of one connection/],
    ['proxy-connection', withHeaders(['proxy-connection', 'x']), /speaks of one connection/],
    ['keep-alive', withHeaders(['keep-alive', '300']), /speaks of one connection/],
    ['transfer-encoding', withHeaders(['transfer-encoding', 'chunked']), /speaks of one connection/],
    ['upgrade', withHeaders(['upgrade', 'h2c']), /speaks of one connection/],
    ['te: trailers', withHeaders(['te', 'trailers']), undefined],
    ['te: Trailers', withHeaders(['te', 'Trailers']), undefined],
    ['te: gzip', withHeaders(['te', 'gzip']), /"te" cannot be "gzip"/],
    ['te: trailers, deflate', withHeaders(['te', 'trailers, deflate']), /"te" cannot be/],
  ]);
});

describe('content-length of requests (RFC 9110, 8.6)', () => {
  check([
    ['digits', withHeaders(['content-length', '012']), undefined],
    ['zero', withHeaders(['content-length', '0']), undefined],
    ['two zeros', withHeaders(['content-length', '0'], ['content-length', '0']), /"content-length" is there twice/],
    ['nothing', withHeaders(['content-length', '']), /"content-length" cannot be ""/],
    ['a sign', withHeaders(['content-length', '+5']), /"content-length" cannot be/],
    ['words', withHeaders(['content-length', 'ten']), /"content-length" cannot be/],
    ['more than can be counted', withHeaders(['content-length', '9007199254740992']), /"content-length" cannot be/],
    ['lists', withHeaders(['content-length', '5, 5']), /"content-length" cannot be "5, 5"/],
    ['two of them', withHeaders(['content-length', '5'], ['content-length', '5']), /"content-length" is there twice/],
  ]);

  it('is a number of octets, or -1', () => {
    assert.equal(request(withHeaders(['content-length', '012'])).facts.contentLength, 12);
    assert.equal(request(GET).facts.contentLength, -1);
  });
});

describe('CONNECT (RFC 9113, 8.5; RFC 8441, 4)', () => {
  const plain: Pairs = [
    [':method', 'CONNECT'],
    [':authority', 'shop.example:443'],
  ];
  const extended: Pairs = [...but(':method', 'CONNECT'), [':protocol', 'websocket']];
  check([
    ['CONNECT', plain, undefined],
    ['CONNECT without an authority', plain.slice(0, 1), /":authority" is missing/],
    ['CONNECT with a path', [...plain, [':path', '/']], /neither :scheme nor :path/],
    ['CONNECT with a scheme', [...plain, [':scheme', 'http']], /neither :scheme nor :path/],
    ['CONNECT with a protocol', extended, undefined],
    ['CONNECT with a protocol and no path', but(':path', undefined, extended), /":path" is missing/],
    ['CONNECT with a protocol and no scheme', but(':scheme', undefined, extended), /":scheme" is missing/],
    ['a protocol of another method', [...GET, [':protocol', 'websocket']], /only CONNECT/],
  ]);

  it('is known as such', () => {
    assert.deepEqual(
      [plain, extended, GET].map((pairs) => request(pairs).facts.isConnect),
      [true, true, false],
    );
  });
});

describe('what a request says', () => {
  it('is found out once for each block, and forwarded as it came', () => {
    const one = block(withHeaders(['te', 'trailers'], ['cookie', 'a=1'], ['cookie', 'b=2'], ['proxy-authorization', 'x']));
    const facts = readRequest(one);
    assert.equal(readRequest(one), facts);
    assert.ok(!(facts instanceof Malformed));
    assert.equal(facts.fields, one.fields);
    assert.deepEqual(pairsOf(facts.fields)?.slice(-4), [
      ['te', 'trailers'],
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['proxy-authorization', 'x'],
    ]);
    const malformed = block([]);
    assert.equal(readRequest(malformed), readRequest(malformed));
  });

  it('shows whether its caller reads grpc-status', () => {
    const grpc = (type: string): boolean => request(withHeaders(['content-type', type])).facts.grpc;
    for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8', 'Application/GRPC+json']) {
      assert.equal(grpc(type), true, type);
    }
    for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'application/grpcx', 'application/json', '']) {
      assert.equal(grpc(type), false, type);
    }
  });

  it('may be headers that mean something in answers only', () => {
    assert.equal(fault(withHeaders(['grpc-status', '0'], ['alt-svc', 'clear'])), undefined);
  });

  it('stays the same when names and values are long', () => {
    const long = 'x'.repeat(100_000);
    assert.equal(fault(withHeaders([long, long])), undefined);
    assert.ok((fault(withHeaders([`${long} `, long]))?.length ?? 0) < 200);
  });
});
