import { BINARY_ID, COMPACT, COMPACT_ID, isMessageStart, LENGTH_BYTES, readInt32, type ThriftFrame } from './frame.ts';
import { CUT, MALFORMED, readVarint, varintEnd } from './varint.ts';

/** Second two bytes of a THeader frame, behind its length (HeaderFormat.md). */
export const HEADER_MAGIC = 0x0fff;
export const SEQID_AT = 8;
export const WORDS_AT = 12;
/** Length, magic, flags, sequence id and the number of words: what precedes the header proper. */
export const FIXED_BYTES = 14;
const KEY_VALUES = 1;
/** Id of the transform. */
const ZLIB = 1;

/**
 * Reads a THeader up to its infos. False asks for more bytes of a large frame; a header that can never be read is the frame's defect. A
 * message that was transformed, or is in no encoding of ours, makes the frame opaque.
 */
export function readHeader(frame: ThriftFrame): boolean {
  const { chunk, from, to } = frame;
  if (from + FIXED_BYTES > to) return false;
  frame.headerSeqid = readInt32(chunk, from + SEQID_AT);
  // until the message is read, which has its own
  frame.seqid = frame.headerSeqid;
  const end = from + FIXED_BYTES + 4 * ((chunk[from + WORDS_AT]! << 8) | chunk[from + WORDS_AT + 1]!);
  if (end - from > frame.length) {
    frame.defect = 'a THeader frame ends before its header does';
    return true;
  }
  if (end + 2 > to && to - from < frame.length) return false;
  const idEnd = varintEnd(chunk, from + FIXED_BYTES, end);
  const countEnd = idEnd < 0 ? idEnd : varintEnd(chunk, idEnd, end);
  if (countEnd < 0) {
    frame.defect = 'a THeader does not hold a protocol id and a number of transforms';
    return true;
  }
  frame.protocolId = readVarint(chunk, from + FIXED_BYTES, idEnd);
  if (frame.protocolId === COMPACT_ID) frame.encoding = COMPACT;
  frame.messageAt = end - from;
  frame.infosEnd = end - from;
  readTransforms(frame, readVarint(chunk, idEnd, countEnd), countEnd, end);
  return true;
}

function readTransforms(frame: ThriftFrame, count: number, countEnd: number, end: number): void {
  const { chunk, from } = frame;
  let at = countEnd;
  // a transform takes a byte at least, so that a count that lies ends with the header
  for (let left = count; left !== 0 && at >= 0; left--) at = varintEnd(chunk, at, end);
  frame.compressed = count === 1 && at === countEnd + 1 && chunk[countEnd] === ZLIB;
  if (at < 0) {
    frame.defect = 'a THeader ends within its transforms';
    return;
  }
  frame.infosAt = at - from;
  if (count !== 0) frame.opaque = 'was transformed (compressed, for example)';
  else if (frame.protocolId !== BINARY_ID && frame.protocolId !== COMPACT_ID) frame.opaque = `is written in protocol ${frame.protocolId}`;
  else if (!startsMessage(frame)) frame.defect = 'a THeader frame without a Thrift message in it';
}

/** The strict and the compact encoding, or a short name's length. */
function startsMessage({ chunk, from, to, messageAt }: ThriftFrame): boolean {
  const at = from + messageAt;
  return at + 2 <= to && (isMessageStart((chunk[at]! << 8) | chunk[at + 1]!) || chunk[at] === 0);
}

/** The keys and values of a THeader, in place, one after the other. */
export class InfoReader {
  keyAt = 0;
  keyEnd = 0;
  valueAt = 0;
  valueEnd = 0;
  /** Where the count of the pairs being read lies; 0 before there is one. */
  countAt = 0;
  countEnd = 0;
  count = 0;
  /** Behind what was read: the pair, or all of them when next() said false. */
  at = 0;
  malformed = false;
  #end = 0;
  #left = 0;
  #chunk: Buffer = Buffer.alloc(0);

  /** The frame is a THeader's without a defect. */
  open(frame: ThriftFrame): void {
    this.#chunk = frame.chunk;
    this.at = frame.from + frame.infosAt;
    this.#end = frame.from + frame.infosEnd;
    this.#left = 0;
    this.countAt = 0;
    this.malformed = false;
  }

  /** Whether there is another pair. Unknown kinds of infos end the list: where they end is not known. */
  next(): boolean {
    while (this.#left === 0) if (!this.#openPairs()) return false;
    this.#left--;
    this.keyEnd = this.#text();
    this.keyAt = this.at;
    if (this.keyEnd < 0) return this.#broken();
    this.at = this.keyEnd;
    this.valueEnd = this.#text();
    this.valueAt = this.at;
    if (this.valueEnd < 0) return this.#broken();
    this.at = this.valueEnd;
    return true;
  }

  #openPairs(): boolean {
    if (this.at >= this.#end || this.#chunk[this.at] !== KEY_VALUES) return false;
    const end = varintEnd(this.#chunk, this.at + 1, this.#end);
    if (end < 0) return this.#broken();
    this.#left = readVarint(this.#chunk, this.at + 1, end) >>> 0;
    this.count = this.#left;
    this.countAt = this.at + 1;
    this.countEnd = end;
    this.at = end;
    return true;
  }

  /** Moves to the text behind its length; returns its end. */
  #text(): number {
    const at = varintEnd(this.#chunk, this.at, this.#end);
    if (at < 0) return at === CUT ? CUT : MALFORMED;
    const length = readVarint(this.#chunk, this.at, at);
    if (length < 0 || at + length > this.#end) return MALFORMED;
    this.at = at;
    return at + length;
  }

  #broken(): boolean {
    this.malformed = true;
    this.#left = 0;
    return false;
  }
}

/** Length of the message in a frame. */
export function messageLength(frame: ThriftFrame): number {
  return frame.length - frame.messageAt;
}

/** A THeader without infos for a message of so many bytes, whose first `room` bytes the caller fills in behind it. */
export function plainHeader(messageBytes: number, seqid: number, protocolId: number, room: number): Buffer {
  const out = Buffer.alloc(PLAIN_BYTES + room);
  out.writeInt32BE(PLAIN_BYTES - LENGTH_BYTES + messageBytes, 0);
  out.writeUInt16BE(HEADER_MAGIC, 4);
  out.writeInt32BE(seqid, SEQID_AT);
  out.writeUInt16BE(1, WORDS_AT);
  out[FIXED_BYTES] = protocolId;
  return out;
}

/** Bytes of a THeader without infos. */
const PLAIN_BYTES = FIXED_BYTES + 4;
