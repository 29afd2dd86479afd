// The speed bar: a bare Dubbo relay that decodes each request's front, routes on an attachment and remaps ids over two shared
// upstream connections, and does nothing else: no limits, deadlines, retries, stats, errors or backpressure. Not for use.
//   node dubbo-relay.mjs LISTEN_PORT BACKEND_PORT
// What makes it fast: names are looked up in place through an interner (no string per header), one flush per turn of the loop,
// adjacent frames for the same peer are written as one range, and an id is kept as two 32-bit halves.
import net from 'node:net';

const HEADER = 16;
const UPSTREAMS = 2;
const SLOTS = 4096;
const [listenPort, backendPort] = process.argv.slice(2).map(Number);
const routes = new Map([['com.acme.user.UserService', { header: 'dubbo.tag', value: 'gray' }]]);

// ---- Hessian strings, in place

// The cursor. After readString the bytes are [start, position) and hash is their FNV-1a.
let position = 0;
let start = 0;
let hash = 0;
let characters = 0;

function stringHeader(b) {
  const code = b[position];
  if (code < 0x20) {
    characters = code;
    return position + 1;
  }
  if (code >= 0x30 && code < 0x34) {
    characters = ((code - 0x30) << 8) | b[position + 1];
    return position + 2;
  }
  if (code !== 0x53) throw new Error(`not a string: ${code}`);
  characters = (b[position + 1] << 8) | b[position + 2];
  return position + 3;
}

function readString(b) {
  let at = stringHeader(b);
  let h = 0x811c9dc5 | 0;
  start = at;
  for (let i = 0; i < characters; i++) {
    const byte = b[at++];
    h = Math.imul(h ^ byte, 0x01000193);
    if (byte >= 0x80) at += byte < 0xe0 ? 1 : 2;
  }
  hash = h;
  position = at;
}

function skipString(b) {
  let at = stringHeader(b);
  for (let i = 0; i < characters; i++) {
    const byte = b[at++];
    if (byte >= 0x80) at += byte < 0xe0 ? 1 : 2;
  }
  position = at;
}

const internedBytes = new Array(SLOTS).fill(null);
const internedText = new Array(SLOTS).fill('');

function same(b, known) {
  if (position - start !== known.length) return false;
  for (let i = 0; i < known.length; i++) if (b[start + i] !== known[i]) return false;
  return true;
}

/** The string just read, as one shared object for names seen before. */
function intern(b) {
  const slot = hash & (SLOTS - 1);
  const known = internedBytes[slot];
  if (known !== null && same(b, known)) return internedText[slot];
  const text = b.toString('utf8', start, position);
  if (position - start <= 256) {
    internedBytes[slot] = Buffer.from(b.subarray(start, position));
    internedText[slot] = text;
  }
  return text;
}

// ---- connections

let dirty = [];
let armed = false;

function flushAll() {
  const peers = dirty;
  armed = false;
  dirty = [];
  for (let i = 0; i < peers.length; i++) peers[i].flush();
}

const bodyLength = (b, at) => (b[at + 12] << 24) | (b[at + 13] << 16) | (b[at + 14] << 8) | b[at + 15];
const int32 = (b, at) => (b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3];

function putInt32(b, at, value) {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}

class Peer {
  chunks = [];
  bytes = 0;
  scheduled = false;
  rest = null;
  // The range that is still growing.
  chunk = null;
  from = 0;
  to = 0;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (b) => this.read(b));
    socket.on('error', () => {});
  }

  read(received) {
    const b = this.rest === null ? received : Buffer.concat([this.rest, received]);
    let at = 0;
    this.beforeFrames();
    while (b.length - at >= HEADER) {
      const end = at + HEADER + bodyLength(b, at);
      if (end > b.length) break;
      this.frame(b, at, end);
      at = end;
    }
    this.rest = at < b.length ? b.subarray(at) : null;
  }

  put(b, from, to) {
    if (this.chunk === b && this.to === from) {
      this.to = to;
    } else {
      if (this.chunk !== null) this.chunks.push(this.chunk.subarray(this.from, this.to));
      this.chunk = b;
      this.from = from;
      this.to = to;
    }
    this.bytes += to - from;
    if (this.scheduled) return;
    this.scheduled = true;
    dirty.push(this);
    if (armed) return;
    armed = true;
    setImmediate(flushAll);
  }

  flush() {
    const { chunks, bytes } = this;
    if (this.chunk !== null) chunks.push(this.chunk.subarray(this.from, this.to));
    this.scheduled = false;
    this.chunk = null;
    this.chunks = [];
    this.bytes = 0;
    this.socket.write(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes));
  }
}

class Upstream extends Peer {
  pending = new Array(1 << 16).fill(null);
  nextId = 1;

  beforeFrames() {}

  frame(b, at, end) {
    const slot = (b[at + 10] << 8) | b[at + 11];
    const stream = this.pending[slot];
    if (stream === null) return;
    this.pending[slot] = null;
    putInt32(b, at + 4, stream.high);
    putInt32(b, at + 8, stream.low);
    stream.caller.put(b, at, end);
  }

  takeId() {
    let id = this.nextId;
    while (this.pending[id & 0xffff] !== null) id++;
    this.nextId = id + 1;
    return id;
  }
}

let turn = 0;

class Downstream extends Peer {
  beforeFrames() {
    turn++;
    this.now = performance.now();
  }

  frame(b, at, end) {
    position = at + HEADER;
    skipString(b); // the protocol's version
    readString(b);
    const route = routes.get(intern(b));
    if (!route) throw new Error('no route');
    skipString(b); // the service's version
    readString(b);
    const method = intern(b);
    skipString(b); // parameter types
    skipString(b); // the one argument
    const gray = this.attachment(b, route.header) === route.value;
    const upstream = upstreams[turn % UPSTREAMS];
    const id = upstream.takeId();
    upstream.pending[id & 0xffff] = { caller: this, method, gray, high: int32(b, at + 4), low: int32(b, at + 8), at: this.now };
    putInt32(b, at + 4, 0);
    putInt32(b, at + 8, id);
    upstream.put(b, at, end);
  }

  attachment(b, name) {
    if (b[position] !== 0x48) return undefined;
    position++;
    while (b[position] !== 0x5a) {
      readString(b);
      const wanted = intern(b) === name;
      readString(b);
      if (wanted) return intern(b);
    }
    return undefined;
  }
}

const upstreams = Array.from(
  { length: UPSTREAMS },
  () => new Upstream(net.connect({ port: backendPort, host: '127.0.0.1', noDelay: true })),
);
net.createServer({ noDelay: true }, (socket) => new Downstream(socket)).listen(listenPort, '127.0.0.1', 4096);
