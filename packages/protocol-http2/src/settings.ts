import {
  ConnectionError,
  FIRST_WINDOW,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  MAX_MAX_FRAME_BYTES,
  MAX_WINDOW,
  MIN_MAX_FRAME_BYTES,
  PROTOCOL_ERROR,
} from './frame.ts';

/** Names: RFC 9113, section 6.5.2. */
const HEADER_TABLE_SIZE = 1;
const ENABLE_PUSH = 2;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const MAX_HEADER_LIST_SIZE = 6;

const SETTING_BYTES = 6;
const FIRST_TABLE_BYTES = 4096;

/** What the peer said of itself, or what holds until it does. */
export class PeerSettings {
  headerTableBytes: number = FIRST_TABLE_BYTES;
  /** The smallest that the last SETTINGS said of it, in passing: whoever compresses must tell of that, too. RFC 7541, section 4.2. */
  leastTableBytes: number = FIRST_TABLE_BYTES;
  /** Of the streams that we open. */
  maxConcurrentStreams: number;
  initialWindow: number = FIRST_WINDOW;
  maxFrameBytes: number = MIN_MAX_FRAME_BYTES;
  #heard = false;

  /** @param maxConcurrentStreams assumed while the peer says nothing */
  constructor(maxConcurrentStreams: number) {
    this.maxConcurrentStreams = maxConcurrentStreams;
  }

  /**
   * Takes a SETTINGS frame's payload.
   * @param fromServer servers may not enable push: RFC 9113, section 6.5.2
   * @throws ConnectionError for values that cannot be
   */
  apply(chunk: Buffer, from: number, to: number, fromServer: boolean): void {
    if ((to - from) % SETTING_BYTES !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS of a length that is no multiple of 6');
    // Whoever sets no limit has none: section 6.5.2.
    if (!this.#heard) this.maxConcurrentStreams = Number.POSITIVE_INFINITY;
    this.#heard = true;
    this.leastTableBytes = this.headerTableBytes;
    for (let at = from; at < to; at += SETTING_BYTES) this.#set(chunk.readUInt16BE(at), chunk.readUInt32BE(at + 2), fromServer);
  }

  #set(name: number, value: number, fromServer: boolean): void {
    switch (name) {
      case HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        this.leastTableBytes = Math.min(this.leastTableBytes, value);
        break;
      case ENABLE_PUSH:
        if (value > 1 || (fromServer && value === 1)) throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS_ENABLE_PUSH of ${value}`);
        break;
      case MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW) throw new ConnectionError(FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE of ${value}`);
        this.initialWindow = value;
        break;
      case MAX_FRAME_SIZE:
        if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) {
          throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS_MAX_FRAME_SIZE of ${value}`);
        }
        this.maxFrameBytes = value;
        break;
      default:
        break;
    }
  }
}

/** What we say of ourselves. */
export interface OwnSettings {
  /** To a service. */
  readonly noPush: boolean;
  /** To callers. */
  readonly maxConcurrentStreams: number | undefined;
  readonly initialWindow: number;
  readonly maxFrameBytes: number;
  readonly maxHeaderListBytes: number;
  readonly headerTableBytes: number;
}

/** The payload of our SETTINGS: what differs from the values that hold without a word. */
export function encodeSettings(own: OwnSettings): Buffer {
  const pairs: [number, number][] = [];
  if (own.headerTableBytes !== FIRST_TABLE_BYTES) pairs.push([HEADER_TABLE_SIZE, own.headerTableBytes]);
  if (own.noPush) pairs.push([ENABLE_PUSH, 0]);
  if (own.maxConcurrentStreams !== undefined) pairs.push([MAX_CONCURRENT_STREAMS, own.maxConcurrentStreams]);
  if (own.initialWindow !== FIRST_WINDOW) pairs.push([INITIAL_WINDOW_SIZE, own.initialWindow]);
  if (own.maxFrameBytes !== MIN_MAX_FRAME_BYTES) pairs.push([MAX_FRAME_SIZE, own.maxFrameBytes]);
  pairs.push([MAX_HEADER_LIST_SIZE, own.maxHeaderListBytes]);
  const payload = Buffer.alloc(pairs.length * SETTING_BYTES);
  pairs.forEach(([name, value], index) => {
    payload.writeUInt16BE(name, index * SETTING_BYTES);
    payload.writeUInt32BE(value, index * SETTING_BYTES + 2);
  });
  return payload;
}
