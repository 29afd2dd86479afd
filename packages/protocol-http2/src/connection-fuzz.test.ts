import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamStream } from '@polywire/core/spi';
import { PREFACE } from './frame.ts';
import { frame, GET, headersFrame, POST, parseFrames, settingsFrame, word32 } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

const ROUNDS = 1500;
const ACTIONS = 40;
/** Of a service, from the start. */
const REQUESTS = 5;
const head = response([[':status', '200']]);

/** The same numbers for the same seed: Marsaglia's xorshift. */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed * 2_654_435_761 || 1;
  }
  below(most: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % most;
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
}

/** Frames of a peer that keeps to the rules, but for windows, or that does not. */
class Frames {
  readonly #random: Random;
  /** Of a service's answers; undefined: a caller's. */
  readonly #status: string | undefined;
  readonly #wild: boolean;
  /** Streams on which more may come. */
  readonly #open: number[];
  #next = 1;

  constructor(random: Random, status?: string) {
    this.#random = random;
    this.#status = status;
    this.#wild = random.chance(3);
    this.#open = [];
  }

  next(): Buffer {
    return this.#wild && this.#random.chance(3) ? this.#any() : this.#right();
  }

  #right(): Buffer {
    const random = this.#random;
    const at = random.below(this.#open.length + 1);
    const id = this.#open[at];
    if (id === undefined) return this.#begin();
    const end = random.chance(8);
    switch (random.below(8)) {
      case 0:
        return frame(8, 0, random.chance(2) ? 0 : id, word32(1 + random.below(5000)));
      case 1:
        return random.chance(4) ? frame(6, 0, 0, '12345678') : settingsFrame([[4, random.below(70_000)]]);
      case 2:
        if (!random.chance(4)) return frame(2, 0, id, Buffer.alloc(5));
        this.#open.splice(at, 1);
        return random.chance(2) ? frame(3, 0, id, word32(random.below(14))) : headersFrame(id, 1, [['sum', '1']]);
      default:
        if (end) this.#open.splice(at, 1);
        return frame(0, end ? 1 : 0, id, Buffer.alloc(random.below(1500)));
    }
  }
  #begin(): Buffer {
    const id = this.#next;
    if (this.#status !== undefined && id > REQUESTS * 2) return frame(6, 0, 0, '12345678');
    this.#next += 2;
    const end = this.#random.chance(3);
    if (!end) this.#open.push(id);
    return headersFrame(id, end ? 1 : 0, this.#status === undefined ? POST : [[':status', this.#status]]);
  }
  #any(): Buffer {
    const random = this.#random;
    const id = random.below(12);
    const flags = random.below(256);
    switch (random.below(5)) {
      case 0:
        return headersFrame(id, flags, random.chance(2) ? GET : [[':status', '103']]);
      case 1:
        return frame(0, flags, id, Buffer.alloc(random.below(300)));
      case 2:
        return frame(8, 0, id, word32(random.below(0xffffffff)));
      case 3:
        return settingsFrame([[random.below(7), random.below(70_000)]]);
      default:
        return frame(random.below(12), flags, id, Buffer.alloc(random.below(20), random.below(256)));
    }
  }
}

/** What a peer sent, and what it was given back for that. */
class Ledger {
  /** Octets of DATA by stream, 0 being the connection; undefined: bytes were changed, so that nobody knows. */
  readonly #sent = new Map<number, number>();
  readonly #given = new Map<number, number>();
  changed = false;

  send(bytes: Buffer): void {
    for (const { type, id, payload } of parseFrames(bytes)) {
      if (type !== 0) continue;
      for (const whose of [0, id]) this.#sent.set(whose, (this.#sent.get(whose) ?? 0) + payload.length);
    }
  }
  /** What is written must be frames, and give back no more than came. */
  check(written: Buffer): void {
    for (const { type, id, payload } of parseFrames(written)) {
      assert.ok(payload.length <= 16_384);
      if (type !== 8) continue;
      const given = (this.#given.get(id) ?? 0) + payload.readUInt32BE(0);
      this.#given.set(id, given);
      assert.ok(this.changed || given <= (this.#sent.get(id) ?? 0), `stream ${id} was given back ${given}`);
    }
  }
}

/** In chunks of any size, with a byte changed now and then. */
function* chunks(random: Random, ledger: Ledger, frames: Frames): Generator<Buffer> {
  for (let i = 0; i < ACTIONS; i++) {
    const bytes = Buffer.concat(Array.from({ length: 1 + random.below(4) }, () => frames.next()));
    ledger.send(bytes);
    if (random.chance(200)) {
      ledger.changed = true;
      bytes[random.below(bytes.length)] = random.below(256);
    }
    for (let from = 0; from < bytes.length; ) {
      const to = random.chance(3) ? from + 1 + random.below(30) : bytes.length;
      yield bytes.subarray(from, to);
      from = to;
    }
  }
}

test('callers may send anything: nothing breaks, nothing is left', () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = new Random(seed);
    const ledger = new Ledger();
    const peer = new CallerPeer({ options: { streamWindow: 4096, connectionWindow: 65_535 } }, [PREFACE, settingsFrame()]);
    for (const chunk of chunks(random, ledger, new Frames(random))) {
      peer.connection.onBytes(chunk);
      const exchange = peer.handler.exchanges[random.below(peer.handler.exchanges.length + 1)];
      if (exchange?.stream !== undefined) act(random, exchange.stream);
      if (exchange !== undefined) exchange.more = random.chance(2);
      peer.transport.full = random.chance(5);
      if (!peer.transport.full) peer.connection.onDrain();
      if (random.chance(200)) peer.connection.goAway();
      if (random.chance(50)) peer.wheel.pass(random.below(3000));
      ledger.check(peer.transport.take());
    }
    peer.connection.onClose('over');
    for (const { events } of peer.handler.exchanges) assert.ok(events.length > 0);
    settled(peer, seed);
  }
});

test('services may send anything: every request hears of its end once, and nothing is left', () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = new Random(seed);
    const ledger = new Ledger();
    const peer = new ServicePeer({ options: { streamWindow: 4096, connectionWindow: 65_535 } });
    const open = Array.from({ length: REQUESTS }, (_, i) => peer.open(i % 2 === 0, i % 2 === 0 ? GET : POST));
    const cancelled = new Set<UpstreamStream>();
    for (const chunk of chunks(random, ledger, new Frames(random, random.chance(4) ? '103' : '200'))) {
      peer.connection.onBytes(chunk);
      const { stream, exchange } = open[random.below(open.length)] ?? assert.fail();
      if (random.chance(40)) {
        stream.cancel('cancelled');
        cancelled.add(stream);
      } else if (random.chance(2)) stream.sendData(Buffer.alloc(random.below(2000)), random.chance(20));
      else stream.resume();
      exchange.more = random.chance(2);
      peer.transport.full = random.chance(5);
      if (!peer.transport.full) peer.connection.onDrain();
      peer.connection.onFlushed();
      ledger.check(peer.transport.take());
    }
    peer.connection.onClose('over');
    for (const { stream, exchange } of open) {
      const ends = exchange.events.filter((event) => /end$|^reset|^trailers/.test(event)).length;
      assert.ok(cancelled.has(stream) ? ends <= 1 : ends === 1, `seed ${seed}: ${exchange.events.join(', ')}`);
    }
    settled(peer, seed);
  }
});

function act(random: Random, stream: NonNullable<CallerPeer['exchange']['stream']>): void {
  switch (random.below(7)) {
    case 0:
      stream.respond(head, undefined, random.chance(4));
      break;
    case 1:
      stream.respondTrailers([]);
      break;
    case 2:
      stream.abort('any');
      break;
    case 3:
      stream.resume();
      break;
    default:
      stream.respondData(Buffer.alloc(random.below(9000)), random.chance(10));
  }
}

function settled({ counters, wheel }: CallerPeer | ServicePeer, seed: number): void {
  for (const { name, kind, value } of counters.all()) if (kind === 'gauge') assert.equal(value(), 0, `seed ${seed}: ${name}`);
  assert.equal(wheel.size, 0, `seed ${seed}: deadlines`);
}
