// As little of HTTP/2 as idle callers and a silent backend need: frames in and out, SETTINGS and PING answered.
import { once } from 'node:events';
import net from 'node:net';

const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const ACK = 1;
const END_STREAM_AND_HEADERS = 5;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Calls `take(type, flags, payload)` for each whole frame, `skip` bytes after the start of the connection. */
function readFrames(socket, skip, take) {
  let rest = Buffer.alloc(0);
  let greeting = skip;
  socket.on('data', (chunk) => {
    const skipped = Math.min(greeting, chunk.length);
    greeting -= skipped;
    rest = Buffer.concat([rest, chunk.subarray(skipped)]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      take(rest[3], rest[4], rest.subarray(9, end));
      rest = rest.subarray(end);
    }
  });
}

/** Answers what a peer must answer; true when the frame was one of these. */
function acknowledge(socket, type, flags, payload) {
  if ((type !== SETTINGS && type !== PING) || flags & ACK) return false;
  socket.write(frame(type, ACK, 0, type === PING ? payload : undefined));
  return true;
}

/** A backend that never answers a request. `requests` counts them. */
export async function startSilentBackend() {
  const settings = Buffer.from('0003000003e8', 'hex'); // MAX_CONCURRENT_STREAMS 1,000
  const backend = { requests: 0, port: 0, close: () => server.close() };
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.write(frame(SETTINGS, 0, 0, settings));
    readFrames(socket, PREFACE.length, (type, flags, payload) => {
      if (!acknowledge(socket, type, flags, payload) && type === HEADERS) backend.requests++;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  backend.port = server.address().port;
  return backend;
}

/** Connects and resolves once both sides have acknowledged the other's SETTINGS. */
function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let acknowledged = 0; // 1: we theirs, 2: they ours
    socket.on('error', reject).on('close', () => reject(new Error('the proxy closed an idle connection')));
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0)]));
    readFrames(socket, 0, (type, flags, payload) => {
      if (acknowledge(socket, type, flags, payload)) acknowledged |= type === SETTINGS ? 1 : 0;
      else if (type === SETTINGS) acknowledged |= 2;
      if (acknowledged === 3) resolve(socket);
    });
  });
}

/** `count` connections that have exchanged SETTINGS, a hundred at a time. */
export async function connectMany(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const length = Math.min(100, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length }, () => connect(port)))));
  }
  return sockets;
}

const AUTHORITY = 'bench.example';
const AGENT = 'bench/1.0';
/** GET http / with an authority and an agent that the first block puts into the dynamic table (RFC 7541, 6.1 and 6.2.1). */
const FIRST_BLOCK = Buffer.concat([
  Buffer.from([0x82, 0x86, 0x84, 0x41, AUTHORITY.length]),
  Buffer.from(AUTHORITY),
  Buffer.from([0x7a, AGENT.length]),
  Buffer.from(AGENT),
]);
const NEXT_BLOCK = Buffer.from([0x82, 0x86, 0x84, 0xbf, 0xbe]);

/** Sends `count` GET requests on a connection that had none. */
export function openStreams(socket, count) {
  const frames = Array.from({ length: count }, (_, index) =>
    frame(HEADERS, END_STREAM_AND_HEADERS, 1 + 2 * index, index === 0 ? FIRST_BLOCK : NEXT_BLOCK),
  );
  socket.write(Buffer.concat(frames));
}
