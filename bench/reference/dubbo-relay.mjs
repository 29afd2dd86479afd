// The speed bar: a bare Dubbo relay that decodes each request's front, routes on an attachment and remaps ids over two shared
// upstream connections, and does nothing else: no limits, deadlines, retries, stats, errors or backpressure. Not for use, and not a
// model of style: written only to learn what one core of Node can do.
//   node dubbo-relay.mjs LISTEN_PORT BACKEND_PORT
// What makes it fast: names are looked up in place through an interner (no string per header), one flush per turn of the loop,
// adjacent frames for the same peer are written as one range, and an id is kept as two 32-bit halves.
import net from 'node:net';

const HDR = 16,
  BACK = +process.argv[3],
  N = 2;
let pos = 0,
  at = 0,
  hash = 0; // hessian string cursor: after the call [at,pos) are the bytes, hash their FNV-1a
function str(b) {
  const c = b[pos];
  let n, q;
  if (c < 0x20) {
    n = c;
    q = pos + 1;
  } else if (c < 0x34 && c >= 0x30) {
    n = ((c - 0x30) << 8) | b[pos + 1];
    q = pos + 2;
  } else if (c === 0x53) {
    n = (b[pos + 1] << 8) | b[pos + 2];
    q = pos + 3;
  } else throw new Error(`str ${c}`);
  at = q;
  let h = 0x811c9dc5 | 0;
  for (let i = 0; i < n; i++) {
    const x = b[q++];
    h = Math.imul(h ^ x, 0x01000193);
    if (x >= 0x80) q += x < 0xe0 ? 1 : 2;
  }
  hash = h;
  pos = q;
}
function skip(b) {
  const c = b[pos];
  let n, q;
  if (c < 0x20) {
    n = c;
    q = pos + 1;
  } else if (c < 0x34 && c >= 0x30) {
    n = ((c - 0x30) << 8) | b[pos + 1];
    q = pos + 2;
  } else if (c === 0x53) {
    n = (b[pos + 1] << 8) | b[pos + 2];
    q = pos + 3;
  } else throw new Error(`str ${c}`);
  for (let i = 0; i < n; i++) {
    const x = b[q++];
    if (x >= 0x80) q += x < 0xe0 ? 1 : 2;
  }
  pos = q;
}
function same(b, s, e, w) {
  if (e - s !== w.length) return false;
  for (let i = 0; i < w.length; i++) if (b[s + i] !== w[i]) return false;
  return true;
}
// bytes -> one shared string, without allocating for names seen before; bounded, falls back to a fresh string
const SLOTS = 4096,
  internBytes = new Array(SLOTS).fill(null),
  internText = new Array(SLOTS).fill('');
function intern(b, s, e, h) {
  const k = h & (SLOTS - 1),
    w = internBytes[k];
  if (w !== null && same(b, s, e, w)) return internText[k];
  const t = b.toString('utf8', s, e);
  if (e - s <= 256) {
    internBytes[k] = Buffer.from(b.subarray(s, e));
    internText[k] = t;
  }
  return t;
}
const routes = new Map([['com.acme.user.UserService', { header: 'dubbo.tag', value: 'gray' }]]);
let dirty = [],
  armed = false;
function flushAll() {
  armed = false;
  const d = dirty;
  dirty = [];
  for (let i = 0; i < d.length; i++) d[i].flush();
}
class Peer {
  constructor(s) {
    this.s = s;
    this.chunks = [];
    this.bytes = 0;
    this.scheduled = false;
    this.buf = null;
    this.lb = null;
    this.ls = 0;
    this.le = 0;
    s.on('data', (d) => this.data(d));
    s.on('error', () => {});
  }
  put(b, from, to) {
    if (this.lb === b && this.le === from) {
      this.le = to;
    } else {
      if (this.lb) this.chunks.push(this.lb.subarray(this.ls, this.le));
      this.lb = b;
      this.ls = from;
      this.le = to;
    }
    this.bytes += to - from;
    if (!this.scheduled) {
      this.scheduled = true;
      dirty.push(this);
      if (!armed) {
        armed = true;
        setImmediate(flushAll);
      }
    }
  }
  flush() {
    this.scheduled = false;
    if (this.lb) {
      this.chunks.push(this.lb.subarray(this.ls, this.le));
      this.lb = null;
    }
    const c = this.chunks;
    this.chunks = [];
    const n = this.bytes;
    this.bytes = 0;
    this.s.write(c.length === 1 ? c[0] : Buffer.concat(c, n));
  }
}
class Up extends Peer {
  constructor(s) {
    super(s);
    this.slots = new Array(1 << 16).fill(null);
    this.next = 1;
  }
  data(d) {
    if (this.buf) {
      d = Buffer.concat([this.buf, d]);
      this.buf = null;
    }
    let o = 0;
    const n = d.length;
    while (n - o >= HDR) {
      const len = (d[o + 12] << 24) | (d[o + 13] << 16) | (d[o + 14] << 8) | d[o + 15];
      if (n - o < HDR + len) break;
      const k = (d[o + 10] << 8) | d[o + 11],
        st = this.slots[k];
      if (st) {
        this.slots[k] = null;
        const hi = st.hi,
          lo = st.lo;
        d[o + 4] = hi >>> 24;
        d[o + 5] = hi >>> 16;
        d[o + 6] = hi >>> 8;
        d[o + 7] = hi;
        d[o + 8] = lo >>> 24;
        d[o + 9] = lo >>> 16;
        d[o + 10] = lo >>> 8;
        d[o + 11] = lo;
        st.conn.put(d, o, o + HDR + len);
      }
      o += HDR + len;
    }
    if (o < n) this.buf = d.subarray(o);
  }
}
const ups = [];
for (let i = 0; i < N; i++) ups.push(new Up(net.connect({ port: BACK, host: '127.0.0.1', noDelay: true })));
let rr = 0;
class Down extends Peer {
  data(d) {
    if (this.buf) {
      d = Buffer.concat([this.buf, d]);
      this.buf = null;
    }
    let o = 0;
    const n = d.length,
      now = performance.now();
    while (n - o >= HDR) {
      const len = (d[o + 12] << 24) | (d[o + 13] << 16) | (d[o + 14] << 8) | d[o + 15];
      if (n - o < HDR + len) break;
      pos = o + HDR;
      skip(d);
      str(d);
      const svc = routes.get(intern(d, at, pos, hash));
      if (!svc) throw new Error('no route');
      skip(d);
      str(d);
      const method = intern(d, at, pos, hash);
      skip(d);
      skip(d);
      let gray = false;
      if (d[pos] === 0x48) {
        pos++;
        while (d[pos] !== 0x5a) {
          str(d);
          const hit = intern(d, at, pos, hash) === svc.header;
          str(d);
          if (hit) {
            gray = intern(d, at, pos, hash) === svc.value;
            break;
          }
        }
      }
      const u = ups[rr % N];
      let id = u.next;
      while (u.slots[id & 0xffff] !== null) id++;
      u.next = id + 1;
      u.slots[id & 0xffff] = {
        conn: this,
        method,
        hi: (d[o + 4] << 24) | (d[o + 5] << 16) | (d[o + 6] << 8) | d[o + 7],
        lo: (d[o + 8] << 24) | (d[o + 9] << 16) | (d[o + 10] << 8) | d[o + 11],
        gray,
        t: now,
      };
      d[o + 4] = d[o + 5] = d[o + 6] = d[o + 7] = 0;
      d[o + 8] = id >>> 24;
      d[o + 9] = id >>> 16;
      d[o + 10] = id >>> 8;
      d[o + 11] = id;
      u.put(d, o, o + HDR + len);
      o += HDR + len;
    }
    rr++;
    if (o < n) this.buf = d.subarray(o);
  }
}
net.createServer({ noDelay: true }, (s) => new Down(s)).listen(+process.argv[2], '127.0.0.1', 4096);
