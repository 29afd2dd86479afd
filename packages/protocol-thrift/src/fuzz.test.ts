import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CodecError } from '@polywire/core/spi';
import { type ThriftFrame, UNKNOWN } from './frame.ts';
import { bare, codec, connect, parse, peek, sent } from './testing/codec.ts';
import * as make from './testing/messages.ts';

const strip = codec({ multiplexed: 'strip' });
const codecs = [bare, strip, ...make.TRANSPORTS.map((transport) => codec({ transport, 'oneway-methods': 'note' }))];
const scan = bare.routing.scan({ names: ['tenant', ':argument[1]', ':argument[4]', ':encoding'], timeout: true, affinity: true });
const edits = { remove: ['Trace'], set: new Map([['tenant', 'blue']]), add: new Map([['path', 'x']]) };
const caller = parse(make.framed('header', 'compact', make.message('compact', 'get', { seqid: -1 }), { headerSeqid: -7 }));

/** Asks everything of a frame; answers nothing but must not throw. */
function exercise(frame: ThriftFrame): void {
  scan.run(frame);
  bare.routing.outcome(frame);
  [...bare.routing.headers(frame)].join();
  for (const { multiplexing, mediation, protocol } of codecs) {
    protocol.dialect?.(frame);
    multiplexing.objection?.(frame);
    const fronts = [multiplexing.assignId(frame, 70_000), multiplexing.restoreId(frame, caller)];
    mediation.edit(frame, edits);
    for (const front of fronts) if (front !== undefined) mediation.edit(frame, edits, front);
    mediation.localReply(frame, { reason: 'internal', message: 'why' });
  }
}

/** Repeatable: a failure prints the seed that it began with. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const originals = make.TRANSPORTS.flatMap((transport) =>
  make.ENCODINGS.flatMap((encoding) => {
    const infos = [['tenant', 'acme'], ['Trace', 'x']] as const; // biome-ignore format: a table
    const messages = [
      make.message(encoding, 'Users:get', { seqid: 300, body: make.body(encoding) }),
      make.message(encoding, 'note', { type: 4 }),
      make.reply(encoding, 'get', 7),
      make.message(encoding, 'get', { type: 3, body: make.applicationException(encoding, 'why', 6) }),
    ];
    return messages.map((message) => make.framed(transport, encoding, message, { headerSeqid: 5, infos }));
  }),
);

function parsed(b: Buffer, to: number): ThriftFrame | undefined {
  try {
    const connection = connect();
    const length = connection.measure(peek(b));
    return length === undefined ? undefined : connection.parse(b, 0, Math.min(to, length), length);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

it('20,000 mutated frames in every transport are read, numbered and edited without a throw', () => {
  const seed = Number(process.env['POLYWIRE_SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 1_000_000 : 7541));
  const random = generator(seed);
  let frames = 0;
  for (let run = 0; run < 20_000; run++) {
    const b = Buffer.from(originals[random(originals.length)] ?? Buffer.alloc(0));
    for (let changes = 1 + random(4); changes > 0; changes--) b[random(b.length)] = random(3) === 0 ? random(4) : random(256);
    try {
      const frame = parsed(b, random(4) === 0 ? random(b.length) : b.length);
      if (frame === undefined) continue;
      frames++;
      exercise(frame);
    } catch (error) {
      throw new Error(`run ${run} of POLYWIRE_SEED=${seed}: ${b.toString('hex')}`, { cause: error });
    }
  }
  assert.ok(frames > 5000, `${frames} frames`);
});

it('a frame put into any transport is one frame of that transport, with the same message', () => {
  for (const original of originals) {
    for (const { multiplexing, protocol } of codecs.slice(2)) {
      const frame = parse(original);
      if (frame.kind === 'response') continue;
      const changed = parse(sent(frame, multiplexing.assignId(frame, frame.seqid)));
      assert.equal(protocol.dialect?.(changed), protocol.dialect?.(frame));
      assert.notEqual(changed.bodyAt, UNKNOWN);
      assert.deepEqual(messageOf(changed), messageOf(frame));
    }
  }
});

function messageOf({ chunk, from, to, messageAt }: ThriftFrame): Buffer {
  return Buffer.from(chunk.subarray(from + messageAt, to));
}

it('frames that follow each other come out of every split in two, byte for byte', () => {
  for (const unframed of [true, false]) {
    const stream = originals.filter((_, index) => index < 12 === unframed);
    const bytes = Buffer.concat(stream);
    for (let split = 0; split <= bytes.length; split++) {
      const connection = connect();
      const received: Buffer[] = [];
      let pending: Buffer = Buffer.alloc(0);
      for (const part of [bytes.subarray(0, split), bytes.subarray(split)]) {
        pending = Buffer.concat([pending, part]);
        for (;;) {
          const length = pending.length < connection.headerBytes ? undefined : connection.measure(peek(pending));
          if (length === undefined || pending.length < length) break;
          received.push(pending.subarray(0, length));
          pending = pending.subarray(length);
        }
      }
      assert.deepEqual(received, stream);
    }
  }
});
