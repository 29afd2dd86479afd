import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DubboFrame } from './frame.ts';
import { edgeRequest, frames, request } from './testing/bodies.ts';
import { connect, mediation, multiplexing, parseFront, peek, routing } from './testing/codec.ts';
import { bytesOf, recordedFronts } from './testing/recorded-fronts.ts';

const scan = routing.scan({ names: ['dubbo.tag', ':group', ':version', ':argument[0]', ':argument[2]'], timeout: true, affinity: true });
const edits = { remove: ['timeout'], set: new Map([['dubbo.tag', 'blue']]), add: new Map([['path', 'x']]) };

/** Asks everything of a frame; answers nothing but must not throw. */
function exercise(frame: DubboFrame): void {
  routing.service(frame);
  routing.method(frame);
  scan.run(frame);
  routing.outcome(frame);
  [...routing.headers(frame)].join();
  routing.setRemainingMs?.(frame, 100);
  mediation.edit(frame, edits);
  mediation.localReply(frame, { reason: 'internal', message: 'why' });
  if (frame.kind === 'ping') connect().pong?.(frame);
}

/** Repeatable: a failure prints the seed that it began with. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

it('20,000 mutated frames in every serialization are read without a throw', () => {
  const seed = Number(process.env['POLYWIRE_SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 1_000_000 : 7541));
  const random = generator(seed);
  const fronts = recordedFronts.filter(({ length }) => length < 1000).map(bytesOf);
  const originals = [...frames().map(([, b]) => b), request({ attachments: ['dubbo.tag', 'gray', '_TO', '300'] }), ...fronts];
  for (let run = 0; run < 20_000; run++) {
    const b = Buffer.from(originals[random(originals.length)] ?? request());
    for (let changes = 1 + random(4); changes > 0; changes--) b[16 + random(b.length - 16)] = random(256);
    if (random(2) === 0) b[2] = ((b[2] ?? 0) & 0xe0) | random(32);
    const length = b.length + (random(4) === 0 ? random(100) : 0);
    try {
      const frame = connect().parse(b, 0, b.length, length);
      assert.ok(frame !== undefined || length > b.length);
      if (frame !== undefined) exercise(frame);
    } catch (error) {
      throw new Error(`run ${run} of POLYWIRE_SEED=${seed}: ${b.toString('hex')}`, { cause: error });
    }
  }
});

it('every frame is read at every cut', () => {
  for (const [, b] of [...frames(), ['edge', edgeRequest().subarray(0, 600)] as const]) {
    for (let cut = 16; cut < b.length; cut++) {
      const frame = parseFront(b, cut);
      if (frame !== undefined) exercise(frame);
      const short = Buffer.from(b.subarray(0, cut));
      short.writeInt32BE(cut - 16, 12);
      const whole = connect().parse(short, 0, cut, cut);
      assert.ok(whole !== undefined);
      exercise(whole);
    }
  }
});

it('frames that follow each other come out of every split in two, byte for byte', () => {
  const sent = frames().map(([, b]) => b);
  const stream = Buffer.concat(sent);
  for (let split = 0; split <= stream.length; split++) {
    const received: Buffer[] = [];
    let pending: Buffer = Buffer.alloc(0);
    const connection = connect();
    for (const part of [stream.subarray(0, split), stream.subarray(split)]) {
      pending = Buffer.concat([pending, part]);
      for (;;) {
        const length = pending.length < connection.headerBytes ? undefined : connection.measure(peek(pending));
        if (length === undefined || pending.length < length) break;
        const frame = connection.parse(pending, 0, length, length);
        assert.ok(frame !== undefined);
        received.push(Buffer.from(pending.subarray(0, length)));
        multiplexing.assignId(frame, 5);
        pending = pending.subarray(length);
      }
    }
    assert.equal(pending.length, 0);
    if (split % 50 === 0) assert.deepEqual(received, sent);
    else assert.equal(received.length, sent.length);
  }
});
