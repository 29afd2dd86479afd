import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { CODE, FLAG, frame, PREFACE, settings, statusOf, TYPE } from './http2-raw.ts';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

const WAIT_MS = 30_000;
/** Who reads is read, if slowly; who does not may wait for nothing. */
const STUCK_MS = 20_000;
const DEAF_STUCK_MS = 300;
/** Frames that are remembered one by one. */
const MOST_FRAMES = 10_000;

interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export interface RawOptions {
  /** Written first: a preface and SETTINGS without a table, when not said. */
  readonly greeting?: Buffer;
  /** Whether its SETTINGS are acknowledged; they are. */
  readonly acknowledges?: boolean;
  /** Whether it reads; it does. */
  readonly reads?: boolean;
}

/** One side of a connection, of which every frame is written by hand. It never ends its side by itself. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  /** Of frames by type. */
  readonly counts = new Map<number, number>();
  /** Codes of RST_STREAM by stream. */
  readonly resets = new Map<number, number>();
  /** Statuses by stream: those of the answers, else of the last head before. */
  readonly statuses = new Map<number, number>();
  /** Streams whose answers are whole. */
  readonly ended = new Set<number>();
  /** Octets of DATA by stream. */
  readonly dataBytes = new Map<number, number>();
  goAway: { lastId: number; code: number; text: string } | undefined = undefined;
  /** The other side sends nothing more. */
  over = false;
  onFrame: (frame: RawFrame) => void = () => {};
  readonly #acknowledges: boolean;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, options: RawOptions = {}) {
    this.socket = socket;
    this.#acknowledges = options.acknowledges ?? true;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const over = () => {
      this.over = true;
    };
    socket.on('end', over).on('close', over);
    if (options.reads ?? true) this.read();
    else socket.pause();
  }

  /** As a client. */
  static async connect(port: number, options: RawOptions = {}): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    const peer = new RawPeer(socket, options);
    peer.write(options.greeting ?? Buffer.concat([PREFACE, settings({ tableBytes: 0 })]));
    return peer;
  }

  /** Both sides know each other's SETTINGS: nothing is written by itself any more. */
  async greeted(): Promise<void> {
    await this.until('SETTINGS and their acknowledgement', () => this.refused || (this.counts.get(TYPE.settings) ?? 0) >= 2);
  }

  read(): void {
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk)).resume();
  }

  /** False: it waits in memory. */
  write(...pieces: Buffer[]): boolean {
    return this.socket.write(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
  }

  /** The other side said GOAWAY with an error, or is gone. */
  get refused(): boolean {
    return this.over || (this.goAway !== undefined && this.goAway.code !== CODE.none);
  }

  /** Writes again and again, until the other side refuses, takes nothing for too long, or so much was written. */
  async flood(piece: Buffer | (() => Buffer), mostBytes: number): Promise<number> {
    let written = 0;
    while (written < mostBytes && !this.refused && this.socket.writable) {
      const bytes = typeof piece === 'function' ? piece() : piece;
      written += bytes.length;
      if (this.socket.write(bytes)) await nextTurn();
      else if (!(await this.#drained())) break;
    }
    return written;
  }

  /** What is waited for is looked at with every chunk. */
  async until(what: string, holds: () => boolean, ms = WAIT_MS): Promise<void> {
    const end = performance.now() + ms;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms; ${this}`);
      await sleep(2);
    }
  }

  end(): void {
    this.socket.destroy();
  }

  toString(): string {
    const counts = [...this.counts].map(([type, count]) => `${count} of type ${type}`).join(', ');
    const last = this.goAway === undefined ? 'no GOAWAY' : `GOAWAY ${this.goAway.code} "${this.goAway.text}"`;
    const resets = [...this.resets].slice(0, 5).map(([id, code]) => `${id}: ${code}`);
    const statuses = [...this.statuses].slice(0, 5).map(([id, status]) => `${id}: ${status}`);
    return `${last}, frames ${counts}; resets {${resets}}, statuses {${statuses}}, ${this.over ? 'over' : 'open'}`;
  }

  async #drained(): Promise<boolean> {
    const drained = once(this.socket, 'drain', { signal: AbortSignal.timeout(this.socket.isPaused() ? DEAF_STUCK_MS : STUCK_MS) });
    return Promise.race([drained.then(() => true), once(this.socket, 'close').then(() => false)]).catch(() => false);
  }

  #take(chunk: Buffer): void {
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (all.length - at >= 9) {
      const length = all.readUIntBE(at, 3);
      if (all.length - at < 9 + length) break;
      const payload = all.subarray(at + 9, at + 9 + length);
      this.#see({ type: all[at + 3] ?? 0, flags: all[at + 4] ?? 0, id: all.readUInt32BE(at + 5), payload });
      at += 9 + length;
    }
    this.#held = all.subarray(at);
  }

  #see(seen: RawFrame): void {
    const { type, flags, id, payload } = seen;
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    if (this.frames.length < MOST_FRAMES) this.frames.push(seen);
    if (type === TYPE.settings && (flags & FLAG.ack) === 0 && this.#acknowledges) this.write(frame(TYPE.settings, FLAG.ack, 0));
    if (type === TYPE.reset) this.resets.set(id, payload.readUInt32BE());
    if (type === TYPE.headers && (this.statuses.get(id) ?? 0) < 200) this.statuses.set(id, statusOf(payload));
    if (type === TYPE.data) this.dataBytes.set(id, (this.dataBytes.get(id) ?? 0) + payload.length);
    if ((type === TYPE.headers || type === TYPE.data) && (flags & FLAG.endStream) !== 0) this.ended.add(id);
    if (type === TYPE.goAway) {
      this.goAway = { lastId: payload.readUInt32BE(), code: payload.readUInt32BE(4), text: payload.toString('latin1', 8) };
    }
    this.onFrame(seen);
  }
}

/** A service that greets and does with its clients' frames what it is told. */
export class RawService {
  readonly port: number;
  readonly peers: RawPeer[] = [];

  private constructor(port: number) {
    this.port = port;
  }

  /** `onRequest`: the stream's headers are whole. The client's preface is skipped. */
  static async start(owner: Owner, onRequest: (peer: RawPeer, id: number) => void, options: RawOptions = {}): Promise<RawService> {
    const service: { current: RawService | undefined } = { current: undefined };
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('data', (chunk: Buffer) => {
        const peer = new RawPeer(socket, options);
        peer.onFrame = ({ type, id }) => {
          if (type === TYPE.headers) onRequest(peer, id);
        };
        service.current?.peers.push(peer);
        peer.write(options.greeting ?? settings());
        // The first chunk has the whole preface: its sender writes it at once.
        socket.unshift(chunk.subarray(PREFACE.length));
      });
    });
    const port = await listen(server);
    service.current = new RawService(port);
    owner.after(() => {
      for (const { socket } of service.current?.peers ?? []) socket.destroy();
      server.close();
    });
    return service.current;
  }
}
