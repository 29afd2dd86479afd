import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { boltFrameLength } from './bolt-wire.ts';
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

const FRAME_TIMEOUT_MILLISECONDS = 60_000;
/** What a tap keeps: whole frames, or what arrived at a time, for protocols whose ends of message it cannot see. */
export type TapUnit = 'dubbo frames' | 'bolt frames' | 'chunks';

/** Starts a tap in front of a loopback port. */
export async function startTap(owner: Owner, target: number, unit: TapUnit = 'dubbo frames'): Promise<Tap> {
  const frames: TappedFrame[] = [];
  const sockets = new Set<Socket>();
  const arrivals = new EventEmitter();
  const keep = (frame: TappedFrame) => {
    frames.push(frame);
    arrivals.emit('frame');
  };
  const reader = (direction: TappedFrame['direction']) =>
    unit === 'chunks'
      ? (bytes: Buffer) => keep({ direction, bytes })
      : frameReader(direction, keep, unit === 'bolt frames' ? boltFrameLength : dubboFrameLength);
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

/** Cuts a byte stream into frames. */
function frameReader(
  direction: TappedFrame['direction'],
  keep: (frame: TappedFrame) => void,
  lengthOf: (bytes: Buffer) => number | undefined,
): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let have = 0;
  let need = 0;
  return (chunk) => {
    pending.push(chunk);
    have += chunk.length;
    if (have < need) return;
    let bytes = Buffer.concat(pending);
    for (;;) {
      const length = lengthOf(bytes);
      need = length ?? 0;
      if (length === undefined || bytes.length < length) break;
      keep({ direction, bytes: bytes.subarray(0, length) });
      bytes = bytes.subarray(length);
    }
    pending = [bytes];
    have = bytes.length;
  };
}

/** The length of the frame that begins here, as soon as its header says it. */
function dubboFrameLength(bytes: Buffer): number | undefined {
  return bytes.length < 16 ? undefined : 16 + bytes.readUInt32BE(12);
}
