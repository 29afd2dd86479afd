import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JuteError } from './jute.ts';
import { PacketReader } from './packets.ts';

function framed(...bodies: Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length);
      return [length, body];
    }),
  );
}

function reader(limit: number): { packets: PacketReader; seen: string[] } {
  const seen: string[] = [];
  const packets = new PacketReader(limit, {
    packet: (packet) => seen.push(packet.toString('latin1')),
    oversized: (header, length) => seen.push(`${length}:${header.toString('latin1')}`),
  });
  return { packets, seen };
}

test('packets are the same however the stream is cut; those above the limit keep their header only', () => {
  const bodies = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(bodies, cuts, (sizes, steps) => {
      const list = sizes.map((size, i) => Buffer.alloc(size, 97 + i));
      const stream = framed(...list);
      const { packets, seen } = reader(30);
      let at = 0;
      for (let i = 0; at < stream.length; i++) {
        const step = steps[i % steps.length] ?? 1;
        packets.push(stream.subarray(at, at + step));
        at += step;
      }
      const expected = list.map((body) => {
        const text = body.toString('latin1');
        return body.length > 30 ? `${body.length}:${text.slice(0, 16)}` : text;
      });
      assert.deepEqual(seen, expected);
    }),
  );
});

test('a negative length is no ZooKeeper', () => {
  assert.throws(() => reader(100).packets.push(Buffer.from('fffffffe', 'hex')), JuteError);
});
