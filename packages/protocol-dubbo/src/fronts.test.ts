import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import type { DubboFrame } from './frame.ts';
import { hex } from './testing/bodies.ts';
import { connect, lookUp, mediation, multiplexing, parse, parseFront, routing, timeoutOf } from './testing/codec.ts';
import { bytesOf, FRONT_SERIALIZATIONS, frontNamed, type RecordedFront, recordedFronts } from './testing/recorded-fronts.ts';

// Frames that Dubbo 2.7.23 wrote in serializations of which only the front can be read.

/** Those that say of an argument that it is a string, or of the first. */
const READS_STRINGS = ['java', 'compactedjava', 'nativejava', 'kryo', 'fst'];
const READS_FIRST_STRING = [...READS_STRINGS, 'kryo2'];

function find(serialization: string, name: string): Buffer {
  return bytesOf(frontNamed(serialization, name));
}

function of(serialization: string, kind: RecordedFront['kind']): RecordedFront[] {
  return recordedFronts.filter((each) => each.serialization === serialization && each.kind === kind);
}

function versionOf({ version }: RecordedFront): string | undefined {
  return version === null || version === '' || version === '0.0.0' ? undefined : version;
}

function frontOf(frame: DubboFrame): unknown[] {
  return [frame.defect, routing.service(frame), frame.method, ...lookUp(frame, ':version')];
}

for (const serialization of FRONT_SERIALIZATIONS) {
  describe(serialization, () => {
    it('the front of requests is read, and nothing behind the arguments', () => {
      for (const each of of(serialization, 'request')) {
        const frame = parse(bytesOf(each));
        assert.deepEqual(frontOf(frame), [undefined, each.service, each.method, versionOf(each)], each.name);
        const unread = lookUp(frame, ':group', 'group', 'path', 'dubbo.tag', 'absent');
        assert.deepEqual(unread, [UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE], each.name);
        assert.equal(timeoutOf(frame), 0);
        const version = versionOf(each);
        assert.deepEqual([...routing.headers(frame)], version === undefined ? [] : [[':version', version]], each.name);
      }
    });

    it('the front of a large request is read as soon as it is there, and no byte is waited for in vain', () => {
      for (const name of ['plain', 'two strings', 'non-ASCII', 'block edges']) {
        const b = find(serialization, name);
        const whole = parse(b);
        let read = false;
        for (let cut = 16; cut < b.length; cut++) {
          const front = parseFront(b, cut);
          assert.ok(!read || front !== undefined, `${name} at ${cut}`);
          if (front === undefined) continue;
          read = true;
          assert.deepEqual(frontOf(front), frontOf(whole), `${name} at ${cut}`);
          assert.deepEqual(lookUp(front, ':group', 'dubbo.tag'), [UNREADABLE, UNREADABLE], `${name} at ${cut}`);
          const [found] = lookUp(front, ':argument[0]');
          assert.ok(found === NOT_REACHED || found === lookUp(whole, ':argument[0]')[0], `${name} at ${cut}: ${String(found)}`);
        }
        assert.ok(read, name);
      }
    });

    it('arguments are read where they say that they are strings', () => {
      const first = READS_FIRST_STRING.includes(serialization);
      const second = READS_STRINGS.includes(serialization);
      const found = lookUp(parse(find(serialization, 'two strings')), ':argument[0]', ':argument[1]', ':argument[2]');
      assert.deepEqual(found, [first ? 'first' : UNREADABLE, second ? 'second' : UNREADABLE, undefined]);
      assert.deepEqual(lookUp(parse(find(serialization, 'one letter')), ':argument[0]', ':argument[1]'), [UNREADABLE, undefined]);
      assert.deepEqual(lookUp(parse(find(serialization, 'non-ASCII')), ':argument[0]'), [
        READS_STRINGS.includes(serialization) ? '你好' : UNREADABLE,
      ]);
      if (serialization !== 'kryo2') {
        assert.deepEqual(lookUp(parse(find(serialization, 'null argument')), ':argument[0]', ':argument[1]'), [UNREADABLE, UNREADABLE]);
      }
      assert.deepEqual(lookUp(parse(find(serialization, 'block ends at an argument')), ':argument[0]'), [first ? 't' : UNREADABLE]);
      const generic = parse(find(serialization, 'generic'));
      assert.equal(routing.method(generic), first ? 'real' : '$invoke');
      assert.deepEqual(lookUp(generic, ':argument[0]'), [UNREADABLE]);
      assert.equal(routing.method(parse(find(serialization, 'echo'))), '$echo');
    });

    it('answers say how the call went', () => {
      for (const each of of(serialization, 'response')) {
        const b = bytesOf(each);
        assert.equal(routing.outcome(parse(b)), each.outcome, each.name);
        for (let cut = 16; cut < b.length; cut++) {
          const front = parseFront(b, cut);
          if (front !== undefined) assert.equal(routing.outcome(front), each.outcome, `${each.name} at ${cut}`);
        }
        const attached = each.name.endsWith('2.0.2');
        assert.deepEqual(lookUp(parse(b), 'dubbo'), [attached ? UNREADABLE : undefined], each.name);
      }
    });

    it('passes unchanged but for the id, and cannot be edited', () => {
      for (const each of [...of(serialization, 'request'), ...of(serialization, 'response')]) {
        const b = bytesOf(each);
        const frame = parse(b);
        routing.scan({ names: [':group', ':argument[0]'], timeout: true, affinity: true }).run(frame);
        routing.setRemainingMs?.(frame, 5);
        assert.deepEqual(frame.chunk.subarray(frame.from, frame.to), b, each.name);
        if (frame.kind === 'response') continue;
        multiplexing.assignId(frame, 99);
        assert.deepEqual(frame.chunk.subarray(frame.from + 12, frame.to), b.subarray(12), each.name);
        assert.equal(mediation.edit(frame, { remove: [], set: new Map([['k', 'v']]), add: new Map() }), undefined, each.name);
      }
    });

    it('what the proxy says itself is in hessian2, and a heartbeat comes back as it was', () => {
      const reply = parse(mediation.localReply(parse(find(serialization, 'plain')), { reason: 'no-route', message: 'why' }));
      assert.deepEqual([reply.serialization, reply.chunk[reply.from + 3]], [2, 60]);
      const heartbeat = find(serialization, 'heartbeat');
      const ping = parse(heartbeat);
      assert.equal(ping.kind, 'ping');
      assert.deepEqual(connect().pong?.(ping)?.subarray(16), heartbeat.subarray(16));
      const said = parse(find(serialization, 'readonly')).kind;
      // Dubbo reads no event longer than 15 bytes either.
      assert.equal(said, serialization === 'protostuff' ? 'control' : 'goaway');
    });

    it('a front that lies is a defect, or what it says', () => {
      const original = find(serialization, 'plain');
      for (let at = 16; at < 100; at++) {
        for (const byte of [0, 1, 0x7f, 0x80, 0x81, 0xff]) {
          const b = Buffer.from(original);
          b[at] = byte;
          const frame = parse(b);
          assert.deepEqual(lookUp(frame, 'dubbo.tag'), [UNREADABLE], `${at} ${byte}`);
          lookUp(frame, ':version', ':argument[0]');
          routing.method(frame);
          for (const cut of [30, at, at + 1]) {
            const front = parseFront(b, Math.max(16, cut));
            if (front !== undefined) assert.deepEqual(lookUp(front, 'dubbo.tag'), [UNREADABLE]);
          }
        }
      }
    });
  });
}

it('lengths beyond the body, or below nothing, are a defect', () => {
  const lies: readonly [serialization: string, hex: string][] = [
    ['java', 'aced0005 7a ffffffff 00000005'],
    ['java', 'aced0005 7a 7fffffff 00000005'],
    ['java', 'aced0006 77 07 00000001 0001 61'],
    ['java', 'aced0005 74 0001 61'],
    ['nativejava', 'aced0005 77 02 ffff'],
    ['kryo', 'ffffffffff7f'],
    ['kryo', 'ffff ff ff 0f 61'],
    ['fst', '80 0080 61'],
    ['fst', '81 ffffffff 61'],
    ['fst', '81 ffffff7f 61'],
    ['fst', 'ff'],
    ['protostuff', 'ffffffff 61'],
    ['protostuff', '7fffffff 61'],
    ['avro', '01 61'],
    ['avro', 'ffffffffff 0f'],
    ['avro', 'feffffff0f 61'],
  ];
  const cut: typeof lies = [
    ['kryo', '83 c3'],
    ['kryo', '82 80'],
    ['kryo', '6162'],
    ['fst', '01 ff 61'],
  ];
  // Were a length believed, the strings would be there.
  const zeros = '00'.repeat(70_000);
  for (const [serialization, body] of [...lies, ...cut, ...lies.map(([name, lie]) => [name, lie + zeros] as const)]) {
    const b = Buffer.concat([find(serialization, 'plain').subarray(0, 16), hex(body)]);
    b.writeInt32BE(b.length - 16, 12);
    const frame = parse(b);
    assert.match(frame.defect ?? '', /five strings/, `${serialization} ${body.slice(0, 40)}`);
    assert.deepEqual(lookUp(frame, 'dubbo.tag'), [UNREADABLE]);
  }
});

describe('records of Java', () => {
  const BODY = 16;
  const STREAM_HEADER = 4;

  /** The frame with its first record cut in two after `bytes`, the second one with a long head. */
  function cutRecord(b: Buffer, bytes: number): Buffer {
    const at = BODY + STREAM_HEADER;
    const size = b.readUInt8(at + 1);
    const rest = Buffer.from([0x7a, 0, 0, 0, size - bytes]);
    const data = at + 2;
    const out = Buffer.concat([
      b.subarray(0, at),
      Buffer.from([0x77, bytes]),
      b.subarray(data, data + bytes),
      rest,
      b.subarray(data + bytes),
    ]);
    out.writeInt32BE(out.length - BODY, 12);
    return out;
  }

  for (const serialization of ['java', 'nativejava']) {
    it(`may end anywhere: ${serialization}`, () => {
      for (const name of ['plain', 'non-ASCII', 'emoji', 'generic', 'empty version']) {
        const b = find(serialization, name);
        const expected = parse(b);
        for (let bytes = 0; bytes < b.readUInt8(BODY + STREAM_HEADER + 1); bytes++) {
          const frame = parse(cutRecord(b, bytes));
          assert.deepEqual(frontOf(frame), frontOf(expected), `${name} cut after ${bytes}`);
          assert.equal(routing.method(frame), routing.method(expected));
          assert.deepEqual(lookUp(frame, ':argument[0]'), lookUp(expected, ':argument[0]'), `${name} cut after ${bytes}`);
        }
      }
    });
  }

  it('that are empty without end cost no more than their bytes', () => {
    const head = find('java', 'plain').subarray(0, BODY + STREAM_HEADER);
    const b = Buffer.concat([head, Buffer.alloc(1 << 20).fill(Buffer.from([0x77, 0]))]);
    b.writeInt32BE(b.length - BODY, 12);
    assert.match(parse(b).defect ?? '', /five strings/);
  });
});
