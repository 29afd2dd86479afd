import { type CodecConnection, type CodecCore, CodecError, type ConnectionOptions, type FrameKind, type Peek } from '@polywire/core/spi';
import { readCompressed } from './compressed.ts';
import { isPrintable } from './detect.ts';
import { FRAMED, HEADER, isMessageStart, LENGTH_BYTES, ThriftFrame, UNFRAMED } from './frame.ts';
import { FIXED_BYTES, HEADER_MAGIC, readHeader } from './header.ts';
import { type OnewayMethods, readMessage } from './message.ts';
import { outcomeSoFar } from './routing/outcome.ts';
import { LONGEST_OLD_NAME, UnframedMeter } from './unframed-meter.ts';

/** The shortest message: compact, without a name and without arguments. */
const SHORTEST_MESSAGE = 5;
/** Bytes of a length and of what it is told by. */
const SNIFFED_BYTES = 6;

/** One connection's framing. Whether messages have lengths in front is fixed by the first; THeader and framed ones may alternate. */
export class ThriftFraming implements CodecConnection<ThriftFrame> {
  readonly headerBytes = 4;
  readonly #core: CodecCore;
  readonly #oneways: OnewayMethods | undefined;
  readonly #maxFrameBytes: number;
  /** What a message whose type cannot be read is taken for. */
  readonly #kind: FrameKind;
  #framed: boolean | undefined = undefined;
  #meter: UnframedMeter | undefined = undefined;

  constructor(core: CodecCore, oneways: OnewayMethods | undefined, options: ConnectionOptions) {
    this.#core = core;
    this.#oneways = oneways;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#kind = options.side === 'downstream' ? 'request' : 'response';
  }

  measure(input: Peek): number | undefined {
    if (this.#framed === undefined) {
      this.#framed = sniff(input);
      if (this.#framed === undefined) return undefined;
    }
    if (!this.#framed) {
      this.#meter ??= new UnframedMeter(this.#maxFrameBytes);
      return this.#meter.measure(input);
    }
    if (input.available < SNIFFED_BYTES) return undefined;
    const length = input.uint32(0);
    const two = input.uint16(LENGTH_BYTES);
    const shortest = two === HEADER_MAGIC ? FIXED_BYTES - LENGTH_BYTES : SHORTEST_MESSAGE;
    if (length < shortest || length > 0x7fffffff) throw new CodecError('THRIFT_LENGTH', `a Thrift frame cannot have ${length} bytes`);
    if (two !== HEADER_MAGIC && !isMessageStart(two)) {
      if (input.available < LENGTH_BYTES + LENGTH_BYTES) return undefined;
      if (input.uint32(LENGTH_BYTES) > LONGEST_OLD_NAME) throw noThrift();
    }
    return LENGTH_BYTES + length;
  }

  parse(chunk: Buffer, from: number, to: number, length: number): ThriftFrame | undefined {
    const framed = this.#framed === true;
    const frame = new ThriftFrame(this.#kind, chunk, from, to, length, framed ? FRAMED : UNFRAMED);
    if (framed) {
      frame.messageAt = LENGTH_BYTES;
      if (chunk[from + 4] === HEADER_MAGIC >>> 8 && chunk[from + 5] === (HEADER_MAGIC & 0xff)) {
        frame.transport = HEADER;
        if (!readHeader(frame)) return undefined;
        if (frame.compressed && frame.kind === 'request') readCompressed(frame, this.#core, this.#oneways);
        if (frame.defect !== undefined || frame.opaque !== undefined) return frame;
      }
    }
    if (!readMessage(frame, this.#core, this.#oneways)) return undefined;
    return to - from < length && !tellsOutcome(frame) ? undefined : frame;
  }
}

function tellsOutcome(front: ThriftFrame): boolean {
  return front.kind !== 'response' || front.defect !== undefined || outcomeSoFar(front) !== undefined;
}

/** Whether lengths precede messages; undefined when more bytes are needed. */
function sniff(input: Peek): boolean | undefined {
  const first = input.uint32(0);
  if (isMessageStart(first >>> 16)) return false;
  if (first > 0x7fffffff) throw noThrift();
  if (input.available < SNIFFED_BYTES) return undefined;
  if (first === 0) {
    if (isMessageType(input.uint8(LENGTH_BYTES))) return false;
    throw noThrift();
  }
  const two = input.uint16(LENGTH_BYTES);
  if (isMessageStart(two) || two === HEADER_MAGIC) return true;
  // In the old encoding a message begins with the length of its name: framed, two lengths follow each other.
  if (two === 0) return true;
  if (first <= LONGEST_OLD_NAME && isPrintable(two >>> 8) && (first === 1 || isPrintable(two & 0xff))) return false;
  throw noThrift();
}

function isMessageType(byte: number): boolean {
  return byte >= 1 && byte <= 4;
}

function noThrift(): CodecError {
  return new CodecError('THRIFT_MAGIC', 'a Thrift message begins with 80 01, 82 or a short name, framed or not, and these bytes do not');
}
