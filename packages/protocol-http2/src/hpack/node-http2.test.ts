import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import type { HeaderField } from '@polywire/core/spi';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { encode, field, generator, HeaderLists, type Random, runs, SEED } from './header-lists.test-support.ts';

const HEADERS = 1;
const SETTINGS = 4;
const CONTINUATION = 9;
const FRAME_HEADER = 9;
const PREFACE = 24;
const END_HEADERS_AND_STREAM = 5;
const LONGEST_FRAME = 16_384;

/** The least of an HTTP/2 server that lets node's client encode for our decoder, and decode what our encoder wrote. */
class Origin {
  readonly #encoder = new HpackEncoder();
  readonly #decoder: HpackDecoder;
  readonly #wire: Duplex;
  readonly #respond: (request: readonly HeaderField[]) => readonly HeaderField[];
  #received: Buffer = Buffer.alloc(0);
  #preface = true;
  #block: Buffer = Buffer.alloc(0);

  constructor(wire: Duplex, tableBytes: number, respond: (request: readonly HeaderField[]) => readonly HeaderField[]) {
    this.#decoder = new HpackDecoder({ maxTableBytes: tableBytes, maxListBytes: 2 ** 30 });
    this.#wire = wire;
    this.#respond = respond;
    wire.on('data', (chunk: Buffer) => this.#receive(chunk));
    const tableSize = Buffer.from([0, 1, 0, 0, 0, 0]);
    tableSize.writeUInt32BE(tableBytes, 2);
    this.#write(SETTINGS, 0, 0, tableSize);
  }

  #write(type: number, flags: number, stream: number, payload: Buffer): void {
    const header = Buffer.alloc(FRAME_HEADER);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    this.#wire.write(Buffer.concat([header, payload]));
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#preface) {
      if (this.#received.length < PREFACE) return;
      this.#received = this.#received.subarray(PREFACE);
      this.#preface = false;
    }
    for (;;) {
      if (this.#received.length < FRAME_HEADER) return;
      const end = FRAME_HEADER + this.#received.readUIntBE(0, 3);
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      this.#frame(frame[3] ?? 0, frame[4] ?? 0, frame.readUInt32BE(5), frame.subarray(FRAME_HEADER));
    }
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === SETTINGS) this.#settings(flags, payload);
    if (type !== HEADERS && type !== CONTINUATION) return;
    // node sends a priority with its HEADERS when the flag is set
    const block = type === HEADERS && (flags & 0x20) !== 0 ? payload.subarray(5) : payload;
    this.#block = type === HEADERS ? block : Buffer.concat([this.#block, block]);
    if ((flags & 4) !== 0) this.#request(stream);
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & 1) !== 0) return this.#decoder.settingsAcknowledged();
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 1) this.#encoder.setMaxTableBytes(payload.readUInt32BE(at + 2));
    }
    this.#write(SETTINGS, 1, 0, Buffer.alloc(0));
  }

  #request(stream: number): void {
    const { fields } = this.#decoder.decode(this.#block, 0, this.#block.length);
    const block = encode(this.#encoder, this.#respond(fields));
    assert.ok(block.length < LONGEST_FRAME);
    this.#write(HEADERS, END_HEADERS_AND_STREAM, stream, block);
  }
}

/** As node:http2 takes and gives them: no pseudo-headers, names once. */
function listed(fields: readonly HeaderField[]): HeaderField[] {
  const once = new Map<string, HeaderField>();
  for (const one of fields) {
    if (!one.name.startsWith(':') && !SINGLE.has(one.name)) once.set(one.name, field(one.name, one.value.slice(0, 1000), one.neverIndexed));
  }
  return [...once.values()];
}
/** Names whose values HTTP has an opinion of. */
const SINGLE = new Set(['content-length', 'te', 'cookie']);

/** Visible, and of the upper half; in the middle of a value all are legal. */
function legal(random: Random): number {
  return random(3) === 0 ? 0xa1 + random(0x5e) : 0x21 + random(0x5e);
}

function pairs(raw: readonly string[]): string[][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

function toPairs(fields: readonly HeaderField[]): string[][] {
  return fields.map(({ name, value }) => [name, value]);
}

async function converse(tableBytes: number, theirTableBytes: number, requests: number): Promise<void> {
  const random = generator(SEED + tableBytes);
  const lists = new HeaderLists(random, legal);
  const [near, far] = duplexPair();
  let received: readonly HeaderField[] = [];
  let answer: readonly HeaderField[] = [];
  new Origin(far, tableBytes, (request) => {
    received = request;
    return answer;
  });
  const session = http2.connect('http://origin', { createConnection: () => near, settings: { headerTableSize: theirTableBytes } });
  try {
    for (let run = 0; run < requests; run++) {
      if (random(10) === 0) session.settings({ headerTableSize: [0, 100, 4096, 65_536][random(4)] ?? 0 });
      const sent = listed(lists.next());
      answer = [field(':status', String(200 + random(5))), ...listed(lists.next())];
      const stream = session.request({
        ':path': `/${random(30)}`,
        ...Object.fromEntries(toPairs(sent)),
        [http2.sensitiveHeaders]: sent.filter(({ neverIndexed }) => neverIndexed).map(({ name }) => name),
      });
      const [, , raw] = await once(stream, 'response');
      stream.close();
      const context = `POLYWIRE_SEED=${SEED}, request ${run}`;
      assert.deepEqual(pairs(raw), toPairs(answer), context);
      assert.deepEqual(toPairs(received).slice(-sent.length || received.length), toPairs(sent), context);
      assert.deepEqual(
        received
          .map(({ name }) => name)
          .slice(0, 4)
          .sort(),
        [':authority', ':method', ':path', ':scheme'],
        context,
      );
      for (const { name, neverIndexed } of sent) {
        if (neverIndexed) assert.ok(received.find((one) => one.name === name)?.neverIndexed, context);
      }
    }
  } finally {
    session.destroy();
  }
}

describe('node:http2', () => {
  for (const [tableBytes, theirs] of [
    [4096, 4096],
    [0, 0],
    [200, 100],
    [65_536, 65_536],
  ] as const) {
    it(`and we understand each other with tables of ${tableBytes} and ${theirs} octets`, () => converse(tableBytes, theirs, runs(150)));
  }
});
