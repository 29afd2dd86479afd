// The HTTP/2 speed bar: a bare relay with prior knowledge that decodes each header block, adds a field and remaps stream ids over two
// shared upstream connections, and does nothing else: no flow control towards its peers, limits, deadlines, errors or resets, and no
// eviction from its HPACK table. Not for use, and not a model of style: written only to learn what one core of Node can do.
//   node h2-relay.mjs LISTEN_PORT BACKEND_PORT
// What makes it fast: frames are copied through one output buffer, written once per turn of the loop, and header blocks that are fully
// indexed are memoised on both sides until the table changes.
import { createRequire } from 'node:module';
import net from 'node:net';

const [listenPort, backendPort] = process.argv.slice(2).map(Number);
const UPSTREAMS = 2;
const require = createRequire(import.meta.url);
const STATIC = require('hpack.js/lib/hpack/static-table.js').table.map(({ name, value }) => [name, value]);
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DATA = 0,
  HEADERS = 1,
  SETTINGS = 4,
  PING = 6,
  WINDOW_UPDATE = 8;
const END_STREAM = 1,
  ACK = 1,
  END_HEADERS = 4,
  PADDED = 8,
  PRIORITY = 32;

// ---- HPACK

const tree = [null, null];
require('hpack.js/lib/hpack/huffman.js').encode.forEach(([length, code], symbol) => {
  let node = tree;
  for (let bit = length - 1; bit > 0; bit--) {
    const side = Math.floor(code / 2 ** bit) & 1;
    node[side] ??= [null, null];
    node = node[side];
  }
  node[code & 1] = symbol;
});
function huffman(b, from, to) {
  let text = '',
    node = tree;
  for (let i = from; i < to; i++)
    for (let bit = 7; bit >= 0; bit--) {
      const next = node[(b[i] >> bit) & 1];
      if (next === null) return text;
      if (typeof next === 'number') {
        text += String.fromCharCode(next);
        node = tree;
      } else node = next;
    }
  return text;
}
let at = 0; // where integer() and string() read
function integer(b, bits) {
  const max = (1 << bits) - 1;
  let value = b[at++] & max,
    shift = 0,
    x;
  if (value < max) return value;
  do {
    x = b[at++];
    value += (x & 127) << shift;
    shift += 7;
  } while (x & 128);
  return value;
}
function string(b) {
  const coded = b[at] & 128,
    length = integer(b, 7),
    from = at;
  at += length;
  return coded ? huffman(b, from, at) : b.latin1Slice(from, at);
}
class Decoder {
  dynamic = [];
  inserts = 0;
  memo = new Map();
  field(index) {
    return index <= 61 ? STATIC[index - 1] : this.dynamic[index - 62];
  }
  decode(b, from, to) {
    const key = to - from <= 48 ? b.latin1Slice(from, to) : '';
    const known = key === '' ? undefined : this.memo.get(key);
    if (known !== undefined) return known;
    const before = this.inserts,
      fields = [];
    at = from;
    while (at < to) {
      const x = b[at];
      if (x & 128) fields.push(this.field(integer(b, 7)));
      else if ((x & 0xe0) === 0x20) integer(b, 5);
      else {
        const index = integer(b, x & 64 ? 6 : 4);
        const field = [index ? this.field(index)[0] : string(b), string(b)];
        fields.push(field);
        if (x & 64) {
          this.inserts++;
          this.memo.clear();
          if (this.dynamic.unshift(field) > 64) this.dynamic.pop();
        }
      }
    }
    if (key !== '' && this.inserts === before && this.memo.size < 256) this.memo.set(key, fields);
    return fields;
  }
}
const staticIndex = new Map();
STATIC.forEach(([name, value], index) => {
  staticIndex.set(`${name}\0${value}`, index + 1);
  if (!staticIndex.has(name)) staticIndex.set(name, index + 1);
});
const TABLE = 40; // entries that the encoder adds at most; it never evicts
class Encoder {
  dynamic = new Map();
  memo = new WeakMap();
  encode(fields, o, from) {
    const known = this.memo.get(fields);
    let p = from;
    if (known !== undefined && known.inserts === this.dynamic.size) {
      const bytes = known.bytes;
      for (let i = 0; i < bytes.length; i++) o[p++] = bytes[i];
      return p;
    }
    const before = this.dynamic.size;
    for (const [name, value] of fields) p = this.field(name, value, o, p);
    if (this.dynamic.size === before) this.memo.set(fields, { inserts: before, bytes: Buffer.from(o.subarray(from, p)) });
    return p;
  }
  field(name, value, o, p) {
    const key = `${name}\0${value}`,
      whole = staticIndex.get(key) ?? this.indexOf(key);
    if (whole !== undefined) return this.integer(whole, 7, 128, o, p);
    const index = staticIndex.get(name) ?? 0;
    if (this.dynamic.size < TABLE) {
      this.dynamic.set(key, this.dynamic.size);
      p = this.integer(index, 6, 64, o, p);
    } else p = this.integer(index, 4, 0, o, p);
    if (index === 0) p = this.string(name, o, p);
    return this.string(value, o, p);
  }
  indexOf(key) {
    const position = this.dynamic.get(key);
    return position === undefined ? undefined : 61 + this.dynamic.size - position;
  }
  integer(value, bits, flags, o, p) {
    const max = (1 << bits) - 1;
    if (value < max) {
      o[p++] = flags | value;
      return p;
    }
    o[p++] = flags | max;
    for (value -= max; value >= 128; value >>= 7) o[p++] = (value & 127) | 128;
    o[p++] = value;
    return p;
  }
  string(text, o, p) {
    p = this.integer(text.length, 7, 0, o, p);
    return p + o.latin1Write(text, p);
  }
}

// ---- connections

let dirty = [],
  armed = false;
function flushAll() {
  armed = false;
  const connections = dirty;
  dirty = [];
  for (const connection of connections) connection.flush();
}
class Connection {
  decoder = new Decoder();
  encoder = new Encoder();
  streams = new Map();
  nextId = 1;
  rest = null;
  out = Buffer.allocUnsafe(65536);
  end = 0;
  scheduled = false;
  received = 0;
  constructor(socket, upstream) {
    this.socket = socket;
    this.upstream = upstream;
    this.greeted = upstream;
    socket.on('data', (chunk) => this.data(chunk));
    socket.on('error', () => {});
    if (upstream) {
      socket.write(PREFACE);
      this.settings();
    }
  }
  room(n) {
    if (!this.scheduled) {
      this.scheduled = true;
      dirty.push(this);
      if (!armed) {
        armed = true;
        setImmediate(flushAll);
      }
    }
    if (this.end + n <= this.out.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.out.length * 2, this.end + n));
    this.out.copy(larger, 0, 0, this.end);
    this.out = larger;
  }
  flush() {
    this.scheduled = false;
    this.socket.write(this.out.subarray(0, this.end));
    this.out = Buffer.allocUnsafe(Math.max(4096, Math.min(this.end * 2, 65536)));
    this.end = 0;
  }
  header(p, type, flags, id, length) {
    const o = this.out;
    o[p] = length >> 16;
    o[p + 1] = length >> 8;
    o[p + 2] = length;
    o[p + 3] = type;
    o[p + 4] = flags;
    o.writeUInt32BE(id, p + 5);
  }
  frame(type, flags, id, b, from, to) {
    this.room(9 + to - from);
    this.header(this.end, type, flags, id, to - from);
    b.copy(this.out, this.end + 9, from, to);
    this.end += 9 + to - from;
  }
  headers(id, fields, last) {
    this.room(9 + 4096);
    const end = this.encoder.encode(fields, this.out, this.end + 9);
    this.header(this.end, HEADERS, END_HEADERS | last, id, end - this.end - 9);
    this.end = end;
  }
  windowUpdate(id, n) {
    this.room(13);
    this.header(this.end, WINDOW_UPDATE, 0, id, 4);
    this.out.writeUInt32BE(n, this.end + 9);
    this.end += 13;
  }
  settings() {
    const wanted = Buffer.from('000300000400000400100000', 'hex'); // 1,024 streams, windows of 1 MiB
    this.frame(SETTINGS, 0, 0, wanted, 0, wanted.length);
    this.windowUpdate(0, 1 << 30);
  }
  data(d) {
    if (this.rest) {
      d = Buffer.concat([this.rest, d]);
      this.rest = null;
    }
    const n = d.length;
    let o = 0;
    if (!this.greeted) {
      if (n < PREFACE.length) {
        this.rest = d;
        return;
      }
      o = PREFACE.length;
      this.greeted = true;
      this.settings();
    }
    while (n - o >= 9) {
      const end = o + 9 + ((d[o] << 16) | (d[o + 1] << 8) | d[o + 2]);
      if (end > n) break;
      this.take(d[o + 3], d[o + 4], d.readUInt32BE(o + 5) & 0x7fffffff, d, o + 9, end);
      o = end;
    }
    if (o < n) this.rest = d.subarray(o);
  }
  take(type, flags, id, d, from, to) {
    if (type === HEADERS) {
      if (flags & PADDED) to -= d[from++];
      if (flags & PRIORITY) from += 5;
      const fields = this.decoder.decode(d, from, to);
      if (this.upstream) response(this, id, fields, flags & END_STREAM);
      else request(this, id, fields, flags & END_STREAM);
    } else if (type === DATA) {
      const stream = this.streams.get(id);
      if (!stream) return;
      stream.peer.frame(DATA, flags & END_STREAM, stream.peerId, d, from, to);
      this.received += to - from;
      if (this.received > 1 << 19) {
        this.windowUpdate(0, this.received);
        this.received = 0;
      }
      if (flags & END_STREAM && this.upstream) forget(this, id, stream);
    } else if (type === SETTINGS && !(flags & ACK)) this.frame(SETTINGS, ACK, 0, d, 0, 0);
    else if (type === PING && !(flags & ACK)) this.frame(PING, ACK, 0, d, from, to);
  }
}
const upstreams = Array.from(
  { length: UPSTREAMS },
  () => new Connection(net.connect({ port: backendPort, host: '127.0.0.1', noDelay: true }), true),
);
let turn = 0;
const forwarded = new WeakMap();
function request(downstream, id, fields, last) {
  if (!fields.some(([name]) => name === ':path')) return;
  const upstream = upstreams[turn++ % UPSTREAMS],
    upstreamId = upstream.nextId;
  upstream.nextId += 2;
  upstream.streams.set(upstreamId, { peer: downstream, peerId: id });
  downstream.streams.set(id, { peer: upstream, peerId: upstreamId });
  let out = forwarded.get(fields);
  if (out === undefined) {
    out = [...fields, ['x-request-source', 'poly']];
    forwarded.set(fields, out);
  }
  upstream.headers(upstreamId, out, last);
}
function response(upstream, id, fields, last) {
  const stream = upstream.streams.get(id);
  if (!stream) return;
  stream.peer.headers(stream.peerId, fields, last);
  if (last) forget(upstream, id, stream);
}
function forget(upstream, id, { peer, peerId }) {
  upstream.streams.delete(id);
  peer.streams.delete(peerId);
}
net.createServer({ noDelay: true }, (socket) => new Connection(socket, false)).listen(listenPort, '127.0.0.1', 4096);
