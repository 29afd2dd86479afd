import {
  CONTINUATION,
  ConnectionError,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PRIORITY_FLAG,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame.ts';

const PRIORITY_BYTES = 5;

/**
 * What of RFC 9113, section 6, holds for a frame by itself: whose it is and how long. What concerns its stream alone is left to others.
 * @throws ConnectionError
 */
export function checkFrame(type: number, id: number, length: number): void {
  switch (type) {
    case HEADERS:
    case CONTINUATION:
    case PRIORITY:
      return onStream('a frame of headers or priorities', id);
    case RST_STREAM:
      onStream('RST_STREAM', id);
      return size('RST_STREAM', length === 4);
    case SETTINGS:
      return onConnection('SETTINGS', id);
    case PING:
      onConnection('PING', id);
      return size('PING', length === 8);
    case GOAWAY:
      onConnection('GOAWAY', id);
      return size('GOAWAY', length >= 8);
    case WINDOW_UPDATE:
      return size('WINDOW_UPDATE', length === 4);
    case PUSH_PROMISE:
      // A client's is never allowed; a server's not after our SETTINGS_ENABLE_PUSH of 0: sections 6.6 and 8.4.
      throw new ConnectionError(PROTOCOL_ERROR, 'PUSH_PROMISE is not taken');
    default:
  }
}

/** Where a header block's fragment lies in the payload of HEADERS, and which stream its own is to depend on. */
export class HeadersPayload {
  from = 0;
  to = 0;
  /** -1: it says nothing. */
  dependency = -1;

  /** @throws ConnectionError when the payload cannot hold what its flags say */
  read(flags: number, chunk: Buffer, from: number, to: number): void {
    this.from = from;
    this.to = to;
    this.dependency = -1;
    if ((flags & PADDED) !== 0) {
      if (this.from >= this.to) throw new ConnectionError(FRAME_SIZE_ERROR, 'padded HEADERS without the length of its padding');
      this.to -= chunk[this.from++]!;
      if (this.to < this.from) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS with more padding than payload');
    }
    if ((flags & PRIORITY_FLAG) === 0) return;
    if (this.to - this.from < PRIORITY_BYTES) throw new ConnectionError(FRAME_SIZE_ERROR, 'HEADERS without room for its priority');
    this.dependency = dependencyAt(chunk, this.from);
    this.from += PRIORITY_BYTES;
  }
}

/** The stream that a priority depends on. */
export function dependencyAt(chunk: Buffer, at: number): number {
  return chunk.readUInt32BE(at) & 0x7fffffff;
}
export function isPrioritySize(length: number): boolean {
  return length === PRIORITY_BYTES;
}

function onStream(what: string, id: number): void {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, `${what} on stream 0`);
}
function onConnection(what: string, id: number): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, `${what} on stream ${id}`);
}
function size(what: string, right: boolean): void {
  if (!right) throw new ConnectionError(FRAME_SIZE_ERROR, `${what} of a wrong length`);
}
