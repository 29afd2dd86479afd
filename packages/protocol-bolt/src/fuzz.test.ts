import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CodecError } from '@polywire/core/spi';
import type { BoltFrame } from './frame.ts';
import { request, reseal, response } from './testing/bodies.ts';
import { bytesOf, connect, dialectOf, integrity, mediation, multiplexing, peek, routing } from './testing/codec.ts';
import { capture, vector } from './testing/recorded.ts';

const names = ['service', 'type', ':version', ':uniqueId', ':app', ':class', ':argument[0]', ':argument[3]'];
const scan = routing.scan({ names, timeout: true, affinity: true });
const edits = { remove: ['type'], set: new Map([['tag', 'blue']]), add: new Map([['service', 'x']]) };

const originals: readonly Buffer[] = [
  ...['', '.1', '.2'].flatMap((minor) => {
    const bolt = minor === '' ? '1' : `2${minor}`;
    return [capture('request', 'plain', bolt), capture('response', 'unchecked exception', bolt), capture('heartbeat', 'heartbeat', bolt)];
  }),
  capture('request', 'many arguments'),
  capture('request', 'protobuf', '2.2'),
  capture('response', 'protobuf exception', '2.2'),
  vector('bolt/v1-request'),
  vector('bolt/v2-crc-response'),
  vector('bolt/v1-server-exception-response'),
  request({ dialect: 2, headers: vector('bolt/header-map-with-null(-1)') }),
  response(0, { content: vector('sofa/hessian3x-SofaResponse-isError') }),
];

/** Asks everything of a frame; answers nothing but must not throw. */
function exercise(frame: BoltFrame): void {
  routing.service(frame);
  routing.method(frame);
  scan.run(frame);
  routing.outcome(frame);
  if (frame.whole) [...routing.headers(frame)].join();
  dialectOf(frame);
  routing.setRemainingMs?.(frame, 100);
  multiplexing.assignId(frame, 5);
  integrity.trailerMask(frame);
  const pieces = mediation.edit(frame, edits);
  if (pieces !== undefined) connect().parse(...whole(Buffer.concat(pieces)));
  connect().parse(...whole(mediation.localReply(frame, { reason: 'internal', message: 'why' })));
  if (frame.kind === 'ping') connect().pong?.(frame);
}

function whole(b: Buffer): [chunk: Buffer, from: number, to: number, length: number] {
  assert.equal(connect().measure(peek(b)), b.length);
  return [b, 0, b.length, b.length];
}

/** Repeatable: a failure prints the seed that it began with. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function read(b: Buffer): void {
  const connection = connect();
  const length = connection.measure(peek(b));
  if (length === undefined) return;
  const frame = connection.parse(Buffer.from(b), 0, Math.min(length, b.length), length);
  assert.ok(frame !== undefined || length > b.length);
  if (frame === undefined) return;
  if (frame.whole) assert.equal(bytesOf(frame).length, length);
  exercise(frame);
}

it('20,000 mutated frames are read without a throw, or close the connection', () => {
  const seed = Number(process.env['POLYWIRE_SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 1_000_000 : 7541));
  const random = generator(seed);
  for (let run = 0; run < 20_000; run++) {
    const b = Buffer.from(originals[random(originals.length)] ?? request());
    for (let changes = 1 + random(4); changes > 0; changes--) b[random(3) === 0 ? random(24) : random(b.length)] = random(256);
    if (random(8) > 0) reseal(b);
    try {
      read(random(4) === 0 ? b.subarray(0, 1 + random(b.length)) : b);
    } catch (error) {
      if (!(error instanceof CodecError)) throw new Error(`run ${run} of POLYWIRE_SEED=${seed}: ${b.toString('hex')}`, { cause: error });
    }
  }
});

it('every frame is read at every cut', () => {
  for (const b of originals) for (let cut = 1; cut < b.length; cut++) read(b.subarray(0, cut));
});
