import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

// As much of Bolt as the tests need to send what no library sends. Layouts: sofa-bolt's RpcCommandEncoder and RpcCommandEncoderV2.

/** Bolt's protocol code, and for code 2 sofa-bolt's version byte: only 2.2 can have a checksum behind its frames. */
export type BoltVersion = '1' | '2.1' | '2.2';

const RESPONSE = 0;
const RPC_RESPONSE = 2;
const CHECKSUM_SWITCH = 1;

/** The length of the frame that begins here, as soon as its header says it. */
export function boltFrameLength(bytes: Buffer): number | undefined {
  // The shortest header of all versions.
  if (bytes.length < 20) return undefined;
  const second = bytes[0] === 2;
  const response = bytes[second ? 2 : 1] === RESPONSE;
  const lengths = (second ? 14 : 12) + (response ? 0 : 2);
  if (bytes.length < lengths + 8) return undefined;
  const checksum = second && bytes[1] === 2 && ((bytes[11] ?? 0) & CHECKSUM_SWITCH) === 1 ? 4 : 0;
  return lengths + 8 + bytes.readUInt16BE(lengths) + bytes.readUInt16BE(lengths + 2) + bytes.readUInt32BE(lengths + 4) + checksum;
}

export function boltVersionOf(frame: Buffer): BoltVersion {
  if (frame[0] === 1) return '1';
  return frame[1] === 2 ? '2.2' : '2.1';
}

/** The status of an answer. */
export function boltStatusOf(response: Buffer): number {
  return response.readUInt16BE(response[0] === 1 ? 10 : 12);
}

export function boltIdOf(frame: Buffer): number {
  return frame.readUInt32BE(frame[0] === 1 ? 5 : 6);
}

/** A request of version 1 in another version, whole with its checksum where the version has one. */
export function requestInVersion(request: Buffer, version: BoltVersion): Buffer {
  if (version === '1') return request;
  const second = Buffer.concat([
    Buffer.from([2, version === '2.2' ? 2 : 1]),
    request.subarray(1, 10),
    Buffer.from([CHECKSUM_SWITCH]),
    request.subarray(10),
  ]);
  if (version === '2.1') return second;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(second));
  return Buffer.concat([second, checksum]);
}

/** An answer to a request of version 1 that has a status and nothing else. */
export function emptyResponse(request: Buffer, status: number): Buffer {
  const response = Buffer.alloc(20);
  request.copy(response, 0, 0, 10);
  response[1] = RESPONSE;
  response.writeUInt16BE(RPC_RESPONSE, 2);
  response.writeUInt16BE(status, 10);
  return response;
}

/** A connection that sends what it is given. */
export interface BoltConnection {
  send(bytes: Buffer): void;
  /** The next frame that arrives; `closed` when the other side ends the connection first. */
  next(): Promise<Buffer | 'closed'>;
}

export async function connectBolt(owner: Owner, port: number): Promise<BoltConnection> {
  const socket = connect(port, '127.0.0.1');
  owner.after(() => void socket.destroy());
  const frames = framesOf(socket);
  await once(socket, 'connect');
  return {
    send: (bytes) => void socket.write(bytes),
    next: async () => {
      const { done, value } = await frames.next();
      return done === true ? 'closed' : value;
    },
  };
}

/** Serves every frame with what `answer` makes of it; answers the port. */
export async function startBoltStub(owner: Owner, answer: (request: Buffer) => Buffer): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer(async (socket) => {
    sockets.add(socket);
    for await (const frame of framesOf(socket)) socket.write(answer(frame));
  });
  const port = await listen(server);
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  });
  return port;
}

async function* framesOf(socket: Socket): AsyncGenerator<Buffer> {
  let pending = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      pending = Buffer.concat([pending, chunk]);
      for (let length = boltFrameLength(pending); length !== undefined && pending.length >= length; length = boltFrameLength(pending)) {
        yield pending.subarray(0, length);
        pending = pending.subarray(length);
      }
    }
  } catch {
    // A reset is an end too.
  }
}
