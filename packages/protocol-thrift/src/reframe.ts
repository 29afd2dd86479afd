import type { NewFront } from '@polywire/core/spi';
import {
  BINARY_ID,
  COMPACT,
  COMPACT_ID,
  FRAMED,
  HEADER,
  LENGTH_BYTES,
  type ThriftFrame,
  type Transport,
  UNFRAMED,
  writeInt32,
} from './frame.ts';
import { messageLength, plainHeader, SEQID_AT } from './header.ts';
import { varintWidth, writeVarint } from './varint.ts';

/** Bytes of the message that a new front takes along when they do not change. */
const KEPT_BYTES = 4;

/** The frame with this sequence id, in this transport; undefined when it was changed in place. */
export function withSeqid(
  frame: ThriftFrame,
  transport: Transport,
  seqid: number,
  seqidBytes: Buffer | undefined,
  headerSeqid: number,
): NewFront | undefined {
  const { chunk, from } = frame;
  if (frame.encoding === COMPACT) return withVarint(frame, transport, seqid, seqidBytes, headerSeqid);
  writeInt32(chunk, from + frame.seqidAt, seqid);
  if (transport !== frame.transport) return inTransport(frame, transport, headerSeqid);
  if (transport === HEADER) writeInt32(chunk, from + SEQID_AT, headerSeqid);
  return undefined;
}

/** The frame with the ids that it has, in another transport. */
function inTransport(frame: ThriftFrame, transport: Transport, headerSeqid: number): NewFront {
  const messageAt = frame.from + frame.messageAt;
  const front = open(frame, transport, messageLength(frame), headerSeqid, KEPT_BYTES);
  const at = front.length - KEPT_BYTES;
  for (let i = 0; i < KEPT_BYTES; i++) front[at + i] = frame.chunk[messageAt + i]!;
  return { front, replaces: frame.messageAt + KEPT_BYTES };
}

/** Varints differ in width, so that lengths change, too. */
function withVarint(
  frame: ThriftFrame,
  transport: Transport,
  seqid: number,
  seqidBytes: Buffer | undefined,
  headerSeqid: number,
): NewFront {
  const { chunk, from, seqidAt, seqidWidth } = frame;
  const width = seqidBytes === undefined ? varintWidth(seqid) : seqidBytes.length;
  const front = open(frame, transport, messageLength(frame) + width - seqidWidth, headerSeqid, 2 + width);
  const at = front.length - width;
  front[at - 2] = chunk[from + seqidAt - 2]!;
  front[at - 1] = chunk[from + seqidAt - 1]!;
  if (seqidBytes === undefined) writeVarint(front, at, seqid);
  else seqidBytes.copy(front, at);
  return { front, replaces: seqidAt + seqidWidth };
}

/** What precedes a message of `bytes` in `transport`, with `room` behind it for its beginning. */
export function open(frame: ThriftFrame, transport: Transport, bytes: number, headerSeqid: number, room: number): Buffer {
  switch (transport) {
    case UNFRAMED:
      return Buffer.allocUnsafe(room);
    case FRAMED: {
      const front = Buffer.allocUnsafe(LENGTH_BYTES + room);
      writeInt32(front, 0, bytes);
      return front;
    }
    case HEADER:
      return frame.transport === HEADER
        ? sendersHeader(frame, bytes, headerSeqid, room)
        : plainHeader(bytes, headerSeqid, frame.encoding === COMPACT ? COMPACT_ID : BINARY_ID, room);
  }
}

function sendersHeader({ chunk, from, messageAt }: ThriftFrame, bytes: number, headerSeqid: number, room: number): Buffer {
  const front = Buffer.allocUnsafe(messageAt + room);
  chunk.copy(front, 0, from, from + messageAt);
  writeInt32(front, 0, messageAt - LENGTH_BYTES + bytes);
  writeInt32(front, SEQID_AT, headerSeqid);
  return front;
}
