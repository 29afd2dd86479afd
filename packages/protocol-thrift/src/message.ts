import type { CodecCore } from '@polywire/core/spi';
import { isPrintable } from './detect.ts';
import { CALL, COMPACT, EXCEPTION, OLD, ONEWAY, REPLY, readInt32, STRICT, type ThriftFrame } from './frame.ts';
import { CUT, MALFORMED, readVarint, varintEnd, varintWidth } from './varint.ts';

const COLON = 0x3a;
/** Longer ones would be answered, logged and compared whole. No name of Java has more bytes. */
const LONGEST_NAME = 65_535;
/** What Finagle asks first; once a service has said yes, every message has a struct of Finagle's in front. */
const FINAGLE_UPGRADE = '__can__finagle__trace__v3__';

/** Methods that callers do not wait for, though they send them as calls: as configured, with or without `service:`. */
export type OnewayMethods = ReadonlySet<string>;

/**
 * Reads what stands before the body: type, name, sequence id. False asks for more bytes of a large frame; what can never be read is the
 * frame's defect.
 */
export function readMessage(frame: ThriftFrame, core: CodecCore, oneways: OnewayMethods | undefined): boolean {
  const { chunk, from } = frame;
  const at = from + frame.messageAt;
  if (at + 5 > frame.to) return short(frame);
  const first = chunk[at]!;
  frame.encoding = first === 0x80 ? STRICT : first === 0x82 ? COMPACT : OLD;
  const nameAt = frame.encoding === COMPACT ? readCompact(frame, at) : readBinary(frame, at);
  if (nameAt < 0) return nameAt === CUT ? short(frame) : broken(frame);
  return name(frame, nameAt, core, oneways);
}

/** Where the name begins. */
function readBinary(frame: ThriftFrame, at: number): number {
  const { chunk, from, to } = frame;
  const nameAt = frame.encoding === OLD ? at + 4 : at + 8;
  if (nameAt > to) return CUT;
  const nameEnd = nameAt + readInt32(chunk, nameAt - 4);
  if (nameEnd < nameAt || nameEnd - from > frame.length) return MALFORMED;
  const seqidAt = frame.encoding === OLD ? nameEnd + 1 : nameEnd;
  if (seqidAt + 4 > to) return CUT;
  frame.messageType = frame.encoding === OLD ? chunk[nameEnd]! : chunk[at + 3]!;
  frame.seqid = readInt32(chunk, seqidAt);
  frame.seqidAt = seqidAt - from;
  frame.bodyAt = seqidAt + 4 - from;
  return nameAt;
}

/** Where the name begins. */
function readCompact(frame: ThriftFrame, at: number): number {
  const { chunk, from, to } = frame;
  const seqidEnd = varintEnd(chunk, at + 2, to);
  if (seqidEnd < 0) return seqidEnd;
  const nameAt = varintEnd(chunk, seqidEnd, to);
  if (nameAt < 0) return nameAt;
  const nameBytes = readVarint(chunk, seqidEnd, nameAt);
  const nameEnd = nameAt + nameBytes;
  if (nameBytes < 0 || nameEnd - from > frame.length) return MALFORMED;
  if (nameEnd > to) return CUT;
  frame.messageType = chunk[at + 1]! >>> 5;
  frame.seqid = readVarint(chunk, at + 2, seqidEnd);
  frame.seqidAt = at + 2 - from;
  frame.seqidWidth = seqidEnd - at - 2;
  if (frame.seqidWidth !== varintWidth(frame.seqid)) frame.seqidBytes = Buffer.from(chunk.subarray(at + 2, seqidEnd));
  frame.bodyAt = nameEnd - from;
  return nameAt;
}

function name(frame: ThriftFrame, nameAt: number, core: CodecCore, oneways: OnewayMethods | undefined): boolean {
  const { chunk } = frame;
  switch (frame.messageType) {
    case REPLY:
    case EXCEPTION:
      frame.kind = 'response';
      return true;
    case CALL:
    case ONEWAY: {
      frame.kind = frame.messageType === ONEWAY ? 'oneway' : 'request';
      const nameEnd =
        frame.encoding === COMPACT ? frame.from + frame.bodyAt : frame.from + frame.seqidAt - (frame.encoding === OLD ? 1 : 0);
      if (nameEnd - nameAt > LONGEST_NAME) {
        frame.defect = `the name of a Thrift message is longer than ${LONGEST_NAME} bytes`;
        return true;
      }
      if (frame.encoding === OLD && !areAllPrintable(chunk, nameAt, nameEnd)) {
        frame.defect = 'the name of a Thrift message in the old encoding holds bytes that no name has';
        return true;
      }
      let methodAt = nameAt;
      while (methodAt < nameEnd && chunk[methodAt] !== COLON) methodAt++;
      if (methodAt === nameEnd) methodAt = nameAt;
      else frame.service = core.intern(chunk, nameAt, methodAt++);
      frame.methodAt = methodAt - frame.from;
      frame.methodEnd = nameEnd - frame.from;
      frame.method = core.intern(chunk, methodAt, nameEnd);
      if (isOneway(frame, oneways)) frame.kind = 'oneway';
      // An exception is the answer of a service that lacks it: the caller goes on in plain Thrift.
      if (frame.method === FINAGLE_UPGRADE) frame.defect = "Finagle's extension of Thrift (TTwitter) is not spoken here";
      return true;
    }
    default:
      frame.defect = `a Thrift message of type ${frame.messageType}: there are 1 (call), 2 (reply), 3 (exception) and 4 (one-way)`;
      return true;
  }
}

/** A name is all that tells the old encoding from other bytes, for those who read our answer, too. */
function areAllPrintable(chunk: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isPrintable(chunk[at]!)) return false;
  return true;
}

function isOneway({ service, method }: ThriftFrame, oneways: OnewayMethods | undefined): boolean {
  return oneways !== undefined && (oneways.has(method) || oneways.has(`${service}:${method}`));
}

function short(frame: ThriftFrame): boolean {
  return frame.to - frame.from >= frame.length && broken(frame);
}

function broken(frame: ThriftFrame): boolean {
  frame.defect = 'the frame ends before the name and the sequence id of its Thrift message do';
  return true;
}
