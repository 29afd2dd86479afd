import { JuteError } from './jute.ts';

/** Bytes of a reply's header (xid, zxid, err): what is kept of a packet that is too large. */
const REPLY_HEADER_BYTES = 16;

/** Where packets go. */
export interface PacketHandler {
  /** @param packet without its length */
  packet(packet: Buffer): void;
  /** @param header the first 16 bytes; the rest is skipped, so that one huge reply costs one request and not the session */
  oversized(header: Buffer, length: number): void;
}

/** Cuts a TCP stream into length-prefixed packets. Bytes are joined at most once per packet. */
export class PacketReader {
  readonly #limit: number;
  readonly #handler: PacketHandler;
  #chunks: Buffer[] = [];
  #have = 0;
  #length: number | undefined;
  #skip = 0;

  /** @param limit bytes of the largest packet that is handed on whole */
  constructor(limit: number, handler: PacketHandler) {
    this.#limit = limit;
    this.#handler = handler;
  }

  /** @throws JuteError when the stream can not be ZooKeeper's */
  push(chunk: Buffer): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    if (skipped === chunk.length) return;
    this.#chunks.push(skipped === 0 ? chunk : chunk.subarray(skipped));
    this.#have += chunk.length - skipped;
    while (this.#next()) {
      // each turn hands on one packet
    }
  }

  #next(): boolean {
    if (this.#length === undefined) {
      if (this.#have < 4) return false;
      this.#length = this.#take(4).readInt32BE();
      if (this.#length < 0) throw new JuteError(`packet length ${this.#length}`);
    }
    const length = this.#length;
    const oversized = length > this.#limit && length > REPLY_HEADER_BYTES;
    const wanted = oversized ? REPLY_HEADER_BYTES : length;
    if (this.#have < wanted) return false;
    this.#length = undefined;
    const packet = this.#take(wanted);
    if (oversized) {
      this.#drop(length - wanted);
      this.#handler.oversized(packet, length);
    } else this.#handler.packet(packet);
    return true;
  }

  #drop(count: number): void {
    const buffered = Math.min(count, this.#have);
    if (buffered > 0) this.#take(buffered);
    this.#skip = count - buffered;
  }

  #take(count: number): Buffer {
    this.#have -= count;
    const first = this.#chunks[0];
    if (first !== undefined && first.length > count) {
      this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) throw new JuteError('fewer bytes than counted');
      if (chunk.length > missing) this.#chunks.unshift(chunk.subarray(missing));
      parts.push(chunk.subarray(0, missing));
      missing -= Math.min(missing, chunk.length);
    }
    const only = parts[0];
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, count);
  }
}
