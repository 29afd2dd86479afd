import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { v3 } from 'sofa-hessian-node';
import { character } from '../testing/character.ts';
import { encodeSofaError } from './encode.ts';
import { SofaRequestReader } from './sofa-request.ts';
import { SofaResponseReader } from './sofa-response.ts';
import { JAVA_ERRORS, javaBytes, strings } from './values.test-support.ts';

function written(...values: unknown[]): Buffer {
  const encoder = new v3.Encoder();
  for (const value of values) encoder.write(value);
  return encoder.get();
}

const requestOf = (fields: Record<string, unknown>): unknown => ({ $class: 'com.alipay.sofa.rpc.core.request.SofaRequest', $: fields });
const responseOf = (fields: Record<string, unknown>): unknown => ({ $class: 'com.alipay.sofa.rpc.core.response.SofaResponse', $: fields });

describe('SofaRequestReader', () => {
  const reader = new SofaRequestReader();
  const read = (b: Buffer, end = b.length): boolean => reader.read(b, 0, end, b.length, strings);
  const names = (): unknown[] => [reader.methodName, reader.targetServiceUniqueName, reader.targetAppName];
  const expected = ['sayHello', 'io.polywire.HelloService:1.0:blue', 'hello-server'];
  const call = javaBytes('request');

  it("reads the names of Java's request", () => {
    assert.equal(read(call), true);
    assert.deepEqual(names(), expected);
    assert.equal(read(javaBytes('request without arguments')), true);
    assert.deepEqual(names(), ['ping', 'S:1.0', undefined]);
  });

  it('reads them in any order, behind values of any kind', () => {
    const fields = {
      requestProps: { a: { b: [1, { $class: 'com.acme.P', $: { methodName: 'not this' } }] } },
      targetAppName: 'hello-server',
      methodArgSigs: { $class: '[string', $: ['int'] },
      targetServiceUniqueName: 'io.polywire.HelloService:1.0:blue',
      methodName: 'sayHello',
    };
    const b = Buffer.concat([Buffer.from('xx'), written(requestOf(fields), 7)]);
    assert.equal(reader.read(b, 2, b.length, b.length, strings), true);
    assert.deepEqual(names(), expected);
    assert.equal(reader.argument(0, strings), '7');
  });

  it('reads text that is not ASCII, and long text in chunks', () => {
    const long = '中😀'.repeat(20_000);
    assert.equal(read(written(requestOf({ methodName: '你好', targetAppName: long }))), true);
    assert.deepEqual(names(), ['你好', undefined, long]);
  });

  it('reads arguments in any order of asking', () => {
    assert.equal(read(call), true);
    const args = ['polywire', '42', undefined, '9007199254740992', 'true', '中文', undefined, undefined];
    for (const order of [args.keys(), [5, 0, 3, 3, 2, 7, 1, 4]]) {
      for (const index of order) assert.equal(reader.argument(index, strings), args[index], `argument ${index}`);
    }
  });

  it('says what it has not reached at every cut, and nothing wrong', () => {
    const ends = [346, 355, 356, 1008, 1017, 1018, 1025];
    for (let end = 0; end < call.length; end++) {
      const whole = read(call, end);
      if (!whole) assert.equal(reader.unreadable, false, `cut at ${end}`);
      for (const [index, name] of names().entries()) if (whole || name !== undefined) assert.equal(name, expected[index]);
      for (const index of [1, 0, 5]) {
        const argument = reader.argument(index, strings);
        assert.equal(argument === false, end < (ends[index + 1] ?? 0), `argument ${index} cut at ${end}`);
        if (argument === false) assert.equal(reader.unreadable, false);
      }
    }
  });

  it('calls a body that is no request, or ends too early, unreadable', () => {
    for (const b of [Buffer.alloc(0), Buffer.from('{"json":1}'), written('text'), written([1]), call.subarray(0, 100)]) {
      assert.equal(read(b), false);
      assert.equal(reader.unreadable, true);
      assert.equal(reader.argument(0, strings), false);
    }
    const cut = call.subarray(0, 700);
    assert.equal(read(cut), true);
    assert.equal(reader.argument(3, strings), false);
    assert.equal(reader.unreadable, true);
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(call.length - 1), fc.nat(255)), { maxLength: 5 }), fc.nat(call.length), (changes, end) => {
        const b = Buffer.from(call);
        for (const [at, byte] of changes) b[at] = byte;
        read(b, end);
        for (const index of [2, 5, 0]) reader.argument(index, strings);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('SofaResponseReader', () => {
  const reader = new SofaResponseReader();
  const read = (b: Buffer): unknown[] => {
    const reached = reader.read(b, 0, b.length, b.length, strings);
    return [reached, reader.isError, reader.errorMsg, reader.threw, reader.appResponseClass(strings)];
  };

  it("tells Java's answers, exceptions and errors apart", () => {
    assert.deepEqual(read(javaBytes('ok text')), [true, false, undefined, false, undefined]);
    assert.deepEqual(read(javaBytes('ok null')), [true, false, undefined, false, undefined]);
    assert.deepEqual(read(javaBytes('ok object')), [true, false, undefined, false, 'Gen$Node']);
    assert.deepEqual(read(javaBytes('threw')), [true, false, undefined, true, 'Gen$BizException']);
    assert.deepEqual(read(javaBytes('threw error')), [true, false, undefined, true, 'Gen$ValidationError']);
    assert.deepEqual(read(javaBytes('error')), [true, true, 'no healthy upstream', false, undefined]);
  });

  it('reads fields in any order', () => {
    const exception = { $class: 'com.acme.Failed', $: { detailMessage: 'm', stackTrace: [], cause: null } };
    const b = written(responseOf({ appResponse: exception, responseProps: { a: 'b' }, errorMsg: 'why', isError: true }));
    assert.deepEqual(read(b), [true, true, 'why', true, 'com.acme.Failed']);
  });

  it('takes an object for an exception by its fields, or by the name that ends in Exception', () => {
    const threw = (name: string, fields: object): unknown => read(written(responseOf({ appResponse: { $class: name, $: fields } })))[3];
    assert.equal(threw('com.acme.BizException', { code: 1 }), true);
    assert.equal(threw('com.acme.FieldError', { message: 'a field of an answer' }), false);
    assert.equal(threw('Exceptio', { detailMessage: '' }), false);
  });

  it('says what it has not reached at every cut', () => {
    const b = javaBytes('threw');
    const full = read(b);
    for (let end = 0; end < b.length; end++) {
      const reached = reader.read(b, 0, end, b.length, strings);
      const seen = [reached, reader.isError, reader.errorMsg, reader.threw, reader.appResponseClass(strings)];
      if (reached) assert.deepEqual(seen, full);
      else assert.deepEqual([reader.unreadable, seen[3], seen[4]], [false, undefined, undefined]);
    }
  });

  it('never throws on any bytes', () => {
    const b = javaBytes('threw');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(b.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const changed = Buffer.from(b);
        for (const [at, byte] of changes) changed[at] = byte;
        read(changed);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('encodeSofaError', () => {
  it('writes the bytes that Java writes', () => {
    assert.deepEqual(encodeSofaError('no healthy upstream'), javaBytes('error'));
    assert.deepEqual(encodeSofaError('no healthy upstream'), javaBytes('SofaResponse-isError'));
  });

  it('writes them for any text: empty, long, surrogates in pairs and alone', () => {
    const a = (count: number): string => 'a'.repeat(count);
    const texts = ['', 'x'.repeat(31), 'x'.repeat(32), '😀 é中 \ud800', a(32768), a(32769), `${a(32767)}😀${'b'.repeat(32768)}`];
    const hashes = texts.map((text) => createHash('sha256').update(encodeSofaError(text)).digest('hex'));
    assert.deepEqual(hashes, JAVA_ERRORS);
  });

  it('is read back', () => {
    const reader = new SofaResponseReader();
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 100 }), (text) => {
        const b = encodeSofaError(text);
        return reader.read(b, 0, b.length, b.length, strings) && reader.isError === true && reader.errorMsg === text;
      }),
    );
  });
});
