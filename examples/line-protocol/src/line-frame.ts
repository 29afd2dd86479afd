import type { Frame, FrameKind } from '@polywire/core/spi';

const SPACE = 0x20;
const BAR = 0x7c;
const EXCLAMATION = 0x21;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const KINDS: ReadonlyMap<string, FrameKind> = new Map([
  ['OK', 'response'],
  ['ERR', 'response'],
  ['PING', 'ping'],
  ['PONG', 'pong'],
]);
const LONGEST_WORD = 4;

/** One line. Places count from `from`, because Polywire may move the bytes. */
export class LineFrame implements Frame {
  readonly kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  readonly defect: string | undefined;
  /** The service, behind the `!` of a one-way request. */
  readonly serviceAt: number;
  readonly serviceEnd: number;
  readonly methodEnd: number;
  /** Where the headers end: at the bar or at the line's end. */
  readonly headEnd: number;

  constructor(chunk: Buffer, from: number, to: number, length: number) {
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    let end = to;
    if (end > from && chunk[end - 1] === LINE_FEED) end--;
    if (end > from && chunk[end - 1] === CARRIAGE_RETURN) end--;
    const oneway = chunk[from] === EXCLAMATION;
    const start = oneway ? from + 1 : from;
    const serviceEnd = wordEnd(chunk, start, end);
    const methodEnd = wordEnd(chunk, Math.min(serviceEnd + 1, end), end);
    this.serviceAt = start - from;
    this.serviceEnd = serviceEnd - from;
    this.methodEnd = methodEnd - from;
    this.headEnd = headEnd(chunk, methodEnd, end) - from;
    const word = !oneway && serviceEnd - start <= LONGEST_WORD ? KINDS.get(chunk.toString('latin1', start, serviceEnd)) : undefined;
    this.kind = word ?? (oneway ? 'oneway' : 'request');
    const named = serviceEnd > start && methodEnd > serviceEnd + 1;
    this.defect = word === undefined && !named ? 'a request is SERVICE METHOD, and this line has not both' : undefined;
  }
}

function wordEnd(chunk: Buffer, from: number, end: number): number {
  const found = chunk.subarray(from, end).indexOf(SPACE);
  return found === -1 ? end : from + found;
}

/** A bar between spaces, or at the end. */
function headEnd(chunk: Buffer, from: number, end: number): number {
  for (let at = from; at + 1 < end; at++) {
    if (chunk[at] === SPACE && chunk[at + 1] === BAR && (at + 2 === end || chunk[at + 2] === SPACE)) return at;
  }
  return end;
}

/** The next header: [from, equals) is its name and (equals, to) its value. False at the end. */
export class HeaderWalk {
  from = 0;
  equals = 0;
  to = 0;
  readonly #frame: LineFrame;

  constructor(frame: LineFrame) {
    this.#frame = frame;
    this.to = frame.from + frame.methodEnd;
  }

  next(): boolean {
    const { chunk, from, headEnd } = this.#frame;
    const end = from + headEnd;
    if (this.to >= end) return false;
    this.from = this.to + 1;
    this.to = wordEnd(chunk, this.from, end);
    const equals = chunk.subarray(this.from, this.to).indexOf('=');
    this.equals = equals === -1 ? this.to : this.from + equals;
    return true;
  }
}
