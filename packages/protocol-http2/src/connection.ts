import type { Transport } from '@polywire/core/spi';
import { ENDED, RESET_BY_PEER, RESET_HERE } from './closed-streams.ts';
import { ConnectionBase } from './connection-base.ts';
import { Deadline, type Http2Environment } from './environment.ts';
import {
  ACK,
  COMPRESSION_ERROR,
  CONTINUATION,
  ConnectionError,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  RST_STREAM,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from './frame.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { checkFrame, dependencyAt, HeadersPayload, isPrioritySize } from './frame-rules.ts';
import { HeaderAssembly } from './header-assembly.ts';
import type { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackError } from './hpack/hpack-error.ts';
import type { Http2Stream } from './stream.ts';

const EMPTY = Buffer.alloc(0);
/** Octets that describe a field are fewer than it counts, but no list should be refused for that alone. */
const BLOCK_BYTES_OVER_LIST = 1024;
/** One is read at a time. */
const headers = new HeadersPayload();

/** Reads the frames of a connection and says what each means for it and for its streams. */
export abstract class Http2Connection<S extends Http2Stream> extends ConnectionBase<S> implements FrameSink {
  readonly #reader: FrameReader;
  readonly #headerTime: Deadline;
  #decoder: HpackDecoder | undefined = undefined;
  #assembly: HeaderAssembly | undefined = undefined;
  /** Whose DATA is being read; undefined: nobody's. */
  #receiving: S | undefined = undefined;
  #greeted = false;
  /** A frame ended in the chunk that is being read. */
  #framed = false;

  constructor(environment: Http2Environment, transport: Transport) {
    super(environment, transport);
    this.#reader = new FrameReader(this, environment.options.maxFrameBytes);
    this.#headerTime = new Deadline(environment.engine.wheel, () => {
      const ms = environment.options.headerTimeoutMs;
      this.fail(new ConnectionError(ENHANCE_YOUR_CALM, `headers that are not whole after ${ms} ms (header-timeout)`));
    });
  }

  /** A whole header block. `fault`: what is wrong with its frame, as far as its stream alone is concerned. */
  protected abstract onHeaders(id: number, block: HeaderBlock, end: boolean, fault: string | undefined): void;
  protected abstract onResetFrame(stream: S, code: number): void;
  protected abstract onGoAwayFrame(lastId: number, code: number, text: string): void;
  protected abstract onPong(): void;
  /** After the peer's SETTINGS. */
  protected abstract onSettings(): void;

  /** The peer's first SETTINGS came. */
  protected get greeted(): boolean {
    return this.#greeted;
  }

  onBytes(chunk: Buffer): void {
    if (this.ending) return;
    const assembly = this.#assembly;
    this.#framed = false;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.failFor(error);
    }
    // What waits now began in this chunk: its time does, too.
    if (this.#framed && (this.#assembly === undefined || this.#assembly !== assembly)) this.#headerTime.disarm();
    this.timeHeaders(this.#reader.partial || this.#assembly !== undefined);
  }
  /** @throws what is no fault of the peer's */
  protected failFor(error: unknown): void {
    if (error instanceof ConnectionError) this.fail(error);
    else if (error instanceof HpackError) this.fail(new ConnectionError(COMPRESSION_ERROR, error.message));
    else throw error;
  }
  /** Bytes that begin something wait for its rest. */
  protected timeHeaders(waiting: boolean): void {
    if (waiting === this.#headerTime.armed) return;
    if (waiting && !this.ending) this.#headerTime.arm(this.environment.options.headerTimeoutMs);
    else this.#headerTime.disarm();
  }
  protected override stopTimers(): void {
    super.stopTimers();
    this.#headerTime.disarm();
    this.#reader.close();
    this.#assembly = undefined;
  }

  onFrame(type: number, flags: number, id: number, chunk: Buffer, from: number, to: number): void {
    if (this.ending) return;
    this.#framed = true;
    this.#checkOrder(type, flags, id);
    checkFrame(type, id, to - from);
    switch (type) {
      case HEADERS:
        return this.#onHeaders(flags, id, chunk, from, to);
      case CONTINUATION:
        return this.#onContinuation(flags, chunk, from, to);
      case WINDOW_UPDATE:
        this.guard.idleFrame('WINDOW_UPDATE');
        return this.widen(id, chunk.readUInt32BE(from) & 0x7fffffff);
      case RST_STREAM:
        return this.#onReset(id, chunk.readUInt32BE(from));
      case SETTINGS:
        return this.#onSettings(flags, chunk, from, to);
      case PING:
        return this.#onPing(flags, chunk, from, to);
      case PRIORITY:
        return this.#onPriority(id, chunk, from, to);
      case GOAWAY:
        this.guard.idleFrame('GOAWAY');
        return this.onGoAwayFrame(chunk.readUInt32BE(from) & 0x7fffffff, chunk.readUInt32BE(from + 4), debugText(chunk, from + 8, to));
      default:
        // RFC 9113, section 5.5: what nobody knows is ignored.
        this.guard.idleFrame('frames of unknown types');
    }
  }

  onDataFrame(id: number, length: number, padding: number): void {
    this.#receiving = undefined;
    if (this.ending) return;
    this.#framed = true;
    this.#checkOrder(DATA, 0, id);
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'DATA on stream 0');
    if (!this.receive.take(length)) throw new ConnectionError(FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    this.receive.unreturned += length;
    this.returnConnectionWindow();
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#onStrayData(id);
    if (stream.remoteEnded) return this.streamError(id, STREAM_CLOSED, 'DATA behind the end of its stream');
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.streamError(id, FLOW_CONTROL_ERROR, "DATA beyond the stream's window");
    this.#receiving = stream;
    if (padding > 0) stream.credit(padding);
  }
  onDataPart(chunk: Buffer, from: number, to: number, last: boolean, end: boolean): void {
    const stream = this.#receiving;
    if (last) this.#receiving = undefined;
    // An end without data is good once, for a stream that is there.
    if (to > from) this.guard.useful();
    else if (!end || stream === undefined) this.guard.idleFrame('DATA frames without data');
    if (stream === undefined || stream.closed) return;
    if (to === from && !end) return;
    const fault = stream.count(to - from, end);
    if (fault !== undefined) return this.streamError(stream.id, PROTOCOL_ERROR, fault);
    if (end) stream.remoteEnded = true;
    stream.onData(chunk, from, to, end);
    if (to > from && !stream.closed) stream.credit(to - from);
  }

  /** What may come now at all: RFC 9113, sections 3.4 and 6.10. */
  #checkOrder(type: number, flags: number, id: number): void {
    if (!this.#greeted) {
      if (type !== SETTINGS || (flags & ACK) !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'the first frame is not SETTINGS');
      this.#greeted = true;
    }
    const assembly = this.#assembly;
    if (assembly === undefined) {
      if (type === CONTINUATION) this.#refuseContinuation(id);
    } else if (type !== CONTINUATION || id !== assembly.id) {
      throw new ConnectionError(PROTOCOL_ERROR, `a frame other than CONTINUATION inside of the headers of stream ${assembly.id}`);
    }
  }
  #refuseContinuation(id: number): never {
    throw new ConnectionError(PROTOCOL_ERROR, `CONTINUATION without HEADERS on stream ${id}`);
  }

  #onHeaders(flags: number, id: number, chunk: Buffer, from: number, to: number): void {
    headers.read(flags, chunk, from, to);
    const selfDependent = headers.dependency === id;
    const end = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) return this.#onBlock(id, chunk, headers.from, headers.to, end, selfDependent);
    const most = this.environment.options.maxHeaderListBytes + BLOCK_BYTES_OVER_LIST;
    this.#assembly = new HeaderAssembly(id, end, selfDependent, most);
    this.#assembly.add(chunk, headers.from, headers.to);
  }
  #onContinuation(flags: number, chunk: Buffer, from: number, to: number): void {
    const assembly = this.#assembly;
    if (assembly === undefined) return;
    // Many of them for one block are as good as none: CVE-2024-27316 and its kind.
    this.guard.idleFrame('CONTINUATION');
    assembly.add(chunk, from, to);
    if ((flags & END_HEADERS) === 0) return;
    this.#assembly = undefined;
    const block = assembly.whole();
    this.#onBlock(assembly.id, block, 0, block.length, assembly.end, assembly.selfDependent);
  }
  #onBlock(id: number, chunk: Buffer, from: number, to: number, end: boolean, selfDependent: boolean): void {
    this.#decoder ??= this.#createDecoder();
    const block = this.#decoder.decode(chunk, from, to);
    this.guard.useful();
    this.onHeaders(id, block, end, selfDependent ? 'a stream depends on itself' : undefined);
  }
  #createDecoder(): HpackDecoder {
    const { headerTableBytes: maxTableBytes, maxHeaderListBytes: maxListBytes } = this.environment.options;
    const decoder = new HpackDecoder({ maxTableBytes, maxListBytes });
    if (this.acknowledged) decoder.settingsAcknowledged();
    return decoder;
  }

  #onReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      this.remove(stream, RESET_BY_PEER);
      return this.onResetFrame(stream, code);
    }
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `RST_STREAM for stream ${id}, which is not open`);
    this.guard.idleFrame('RST_STREAM');
  }

  #onSettings(flags: number, chunk: Buffer, from: number, to: number): void {
    if ((flags & ACK) !== 0) {
      if (to > from) throw new ConnectionError(FRAME_SIZE_ERROR, 'an acknowledgement of SETTINGS with settings');
      this.onAcknowledged();
      this.#decoder?.settingsAcknowledged();
      return;
    }
    this.guard.settings();
    const { peer, writer } = this;
    const window = peer.initialWindow;
    const table = peer.headerTableBytes;
    peer.apply(chunk, from, to, this.peerIsServer);
    writer.maxFrameBytes = peer.maxFrameBytes;
    if (peer.leastTableBytes !== table) writer.encoder.setMaxTableBytes(peer.leastTableBytes);
    if (peer.headerTableBytes !== peer.leastTableBytes) writer.encoder.setMaxTableBytes(peer.headerTableBytes);
    writer.frame(SETTINGS, ACK, 0, EMPTY, 0, 0);
    this.changeWindows(window);
    this.replied();
    this.onSettings();
  }

  #onPing(flags: number, chunk: Buffer, from: number, to: number): void {
    this.guard.idleFrame('PING');
    if ((flags & ACK) !== 0) return this.onPong();
    this.writer.frame(PING, ACK, 0, chunk, from, to);
    this.replied();
  }

  /** Parsed to be refused where it is wrong, and otherwise ignored: RFC 9113, section 5.3.2. */
  #onPriority(id: number, chunk: Buffer, from: number, to: number): void {
    this.guard.idleFrame('PRIORITY');
    if (!isPrioritySize(to - from)) return this.streamError(id, FRAME_SIZE_ERROR, 'PRIORITY of a wrong length');
    if (dependencyAt(chunk, from) === id) this.streamError(id, PROTOCOL_ERROR, 'a stream depends on itself');
  }

  /** DATA for a stream that is over, or never was. */
  #onStrayData(id: number): void {
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `DATA for stream ${id}, which is not open`);
    switch (this.closedStreams.how(id)) {
      case RESET_HERE:
        // It was on its way.
        return;
      case ENDED:
        throw new ConnectionError(STREAM_CLOSED, `DATA for stream ${id}, which was ended`);
      default:
        this.streamError(id, STREAM_CLOSED, `DATA for stream ${id}, which is over`);
    }
  }
}

/** A peer's words, as far as they can be printed. */
function debugText(chunk: Buffer, from: number, to: number): string {
  return chunk.toString('latin1', from, Math.min(to, from + 256)).replace(/[^ -~]/g, '?');
}
