import { type CodecConnection, type CodecCore, CodecError, type FrameKind, type Peek } from '@polywire/core/spi';
import { DubboFrame, EVENT, HEADER_BYTES, MAGIC, REQUEST, TWO_WAY } from './frame.ts';
import { goAway, ping, pong } from './heartbeat.ts';
import { readFront } from './routing/front.ts';
import { hasOutcome } from './routing/outcome.ts';
import { FASTJSON, FASTJSON_LINES, HESSIAN2, type Serializations } from './serialization/index.ts';
import { telnetAnswer } from './telnet.ts';

/** Longest event body that Java reads (`deserialization.event.size`). A longer one is nothing that we know. */
const EVENT_BYTES = 15;
const READ_ONLY = 0x52;
const WRITABLE = 0x57;

/** One connection's framing. It remembers the serialization that the peer used last, to speak to it in the same. */
export class DubboFraming implements CodecConnection<DubboFrame> {
  readonly headerBytes = 2;
  readonly #core: CodecCore;
  readonly #serializations: Serializations;
  #dialect = HESSIAN2;

  constructor(core: CodecCore, serializations: Serializations) {
    this.#core = core;
    this.#serializations = serializations;
  }

  measure(input: Peek): number | undefined {
    if (input.uint16(0) !== MAGIC) throw new CodecError('DUBBO_MAGIC', 'a Dubbo frame begins with da bb, and these bytes do not');
    if (input.available < HEADER_BYTES) return undefined;
    const body = input.uint32(12);
    if (body > 0x7fffffff) throw new CodecError('DUBBO_LENGTH', `a Dubbo body cannot have a negative length (${body | 0})`);
    return HEADER_BYTES + body;
  }

  parse(chunk: Buffer, from: number, to: number, length: number): DubboFrame | undefined {
    const flags = chunk[from + 2]!;
    // Whether TWO_WAY is set on an answer means nothing: Java and Go never set it.
    if ((flags & EVENT) !== 0) return new DubboFrame(eventKind(chunk, from, to, length), chunk, from, to, length);
    const kind = (flags & REQUEST) === 0 ? 'response' : (flags & TWO_WAY) === 0 ? 'oneway' : 'request';
    const frame = new DubboFrame(kind, chunk, from, to, length);
    if (frame.format === FASTJSON && isLines(chunk, from, to)) frame.format = FASTJSON_LINES;
    this.#dialect = frame.format;
    const { reader } = this.#serializations[frame.format]!;
    const enough = kind === 'response' ? hasOutcome(frame, reader) : readFront(frame, reader, this.#core);
    return enough ? frame : undefined;
  }

  ping(id: number): Buffer {
    return ping(id, this.#dialect, this.#serializations);
  }

  pong(frame: DubboFrame): Buffer {
    return pong(frame, this.#serializations);
  }

  goAway(): Buffer {
    return goAway(this.#dialect, this.#serializations);
  }

  refuse(head: Buffer): Buffer | undefined {
    return telnetAnswer(head);
  }
}

/**
 * Events are heartbeats, "R" (no new requests, please) and "W" (requests are welcome again). In every serialization that Dubbo knows, a
 * string of one letter ends in that letter, but for the quote and line end of JSON, and null does not end in R or W. dubbo-go answers
 * even one-way events: an answer to nobody's heartbeat goes nowhere.
 */
function eventKind(chunk: Buffer, from: number, to: number, length: number): FrameKind {
  const flags = chunk[from + 2]!;
  const letter = length <= HEADER_BYTES + EVENT_BYTES && to - from === length ? lastLetter(chunk, from + HEADER_BYTES, to) : 0;
  if ((flags & REQUEST) === 0) return letter === READ_ONLY || letter === WRITABLE ? 'control' : 'pong';
  if (letter === READ_ONLY) return 'goaway';
  if (letter === WRITABLE) return 'resume';
  return (flags & TWO_WAY) === 0 ? 'control' : 'ping';
}

function lastLetter(chunk: Buffer, from: number, to: number): number {
  let at = to - 1;
  while (at >= from && (chunk[at] === 0x0a || chunk[at] === 0x0d || chunk[at] === 0x22)) at--;
  return at < from ? 0 : chunk[at]!;
}

/** fastjson until Dubbo 2.7 writes a JSON text per line; as an extension of Dubbo 3 each behind its length, which begins with a zero. */
function isLines(chunk: Buffer, from: number, to: number): boolean {
  return to - from > HEADER_BYTES && chunk[from + HEADER_BYTES] !== 0;
}
