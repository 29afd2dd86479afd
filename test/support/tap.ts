import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

/** One frame, or one chunk, as it was on the wire. `up`: sent by the side that connected. */
export interface TappedFrame {
  readonly direction: 'up' | 'down';
  readonly bytes: Buffer;
}

/** A relay that changes nothing and keeps everything that passes. */
export interface Tap {
  readonly port: number;
  /** Frames seen so far, over all connections, in order of their last byte. */
  readonly frames: readonly TappedFrame[];
  /** Resolves with the first frame, from the given index on, that is accepted; fails when none comes for some seconds. */
  find(from: number, accept: (frame: TappedFrame) => boolean): Promise<TappedFrame>;
}

const FRAME_TIMEOUT_MILLISECONDS = 15_000;
const HEADER_LENGTH = 16;
const BODY_LENGTH_OFFSET = 12;

/**
 * Starts a tap in front of a loopback port. It keeps Dubbo frames, or with `chunks` what arrived at a time, for protocols whose
 * ends of message it cannot see.
 */
export async function startTap(owner: Owner, target: number, unit: 'dubbo frames' | 'chunks' = 'dubbo frames'): Promise<Tap> {
  const frames: TappedFrame[] = [];
  const sockets = new Set<Socket>();
  const arrivals = new EventEmitter();
  const keep = (frame: TappedFrame) => {
    frames.push(frame);
    arrivals.emit('frame');
  };
  const reader = (direction: TappedFrame['direction']) =>
    unit === 'chunks' ? (bytes: Buffer) => keep({ direction, bytes }) : frameReader(direction, keep);
  const server = createServer((down) => {
    const up = connect(target, '127.0.0.1');
    relay(down, up, reader('up'));
    relay(up, down, reader('down'));
    for (const socket of [down, up]) {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    }
  });
  const port = await listen(server);
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  });
  return {
    port,
    frames,
    async find(from, accept) {
      for (let index = from; ; index++) {
        while (index >= frames.length) await once(arrivals, 'frame', { signal: AbortSignal.timeout(FRAME_TIMEOUT_MILLISECONDS) });
        const frame = frames[index];
        if (frame !== undefined && accept(frame)) return frame;
      }
    },
  };
}

function relay(from: Socket, to: Socket, read: (chunk: Buffer) => void): void {
  from.setNoDelay(true);
  from.on('data', (chunk: Buffer) => {
    read(chunk);
    to.write(chunk);
  });
  from.once('close', () => to.destroy());
}

/** Cuts a byte stream into frames by the length field of the header. */
function frameReader(direction: TappedFrame['direction'], keep: (frame: TappedFrame) => void): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let length = 0;
  return (chunk) => {
    pending.push(chunk);
    length += chunk.length;
    if (length < HEADER_LENGTH) return;
    let bytes = Buffer.concat(pending);
    while (bytes.length >= HEADER_LENGTH) {
      const end = HEADER_LENGTH + bytes.readUInt32BE(BODY_LENGTH_OFFSET);
      if (bytes.length < end) break;
      keep({ direction, bytes: bytes.subarray(0, end) });
      bytes = bytes.subarray(end);
    }
    pending = [bytes];
    length = bytes.length;
  };
}
