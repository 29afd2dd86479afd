/** HTTP/2 by hand: RFC 9113's frames and RFC 7541's literals, right or wrong, without any codec. */

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

const SETTING = { tableBytes: 1, push: 2, streams: 3, window: 4, frameBytes: 5, listBytes: 6 } as const;

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const MOST_WINDOW = 0x7fffffff;
/** The last that a client can have. */
export const LAST_ID = 0x7fffffff;
const EMPTY = Buffer.alloc(0);

export function frame(type: number, flags: number, id: number, payload: Buffer = EMPTY): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export function settings(values: Partial<Record<keyof typeof SETTING, number>> = {}): Buffer {
  const pairs = Object.entries(values).map(([name, value]) => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(SETTING[name as keyof typeof SETTING]);
    pair.writeUInt32BE(value, 2);
    return pair;
  });
  return frame(TYPE.settings, 0, 0, Buffer.concat(pairs));
}

export function reset(id: number, code: number = CODE.cancel): Buffer {
  return frame(TYPE.reset, 0, id, word(code));
}

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(TYPE.windowUpdate, 0, id, word(increment));
}

export function goAway(lastId: number, code: number = CODE.none): Buffer {
  return frame(TYPE.goAway, 0, 0, Buffer.concat([word(lastId), word(code)]));
}

export function ping(flags = 0): Buffer {
  return frame(TYPE.ping, flags, 0, Buffer.from('12345678'));
}

export function priority(id: number, dependsOn: number): Buffer {
  return frame(TYPE.priority, 0, id, Buffer.concat([word(dependsOn), Buffer.from([15])]));
}

export function data(id: number, payload: Buffer | string, end = false): Buffer {
  return frame(TYPE.data, end ? FLAG.endStream : 0, id, Buffer.from(payload));
}

/** A whole header block in one frame. */
export function headers(id: number, block: Buffer, end = true): Buffer {
  return frame(TYPE.headers, FLAG.endHeaders | (end ? FLAG.endStream : 0), id, block);
}

/** `trailers` and such: a block in one HEADERS and as many CONTINUATIONs as it needs. */
export function longHeaders(id: number, block: Buffer, end = true, frameBytes = 16_384): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < block.length || at === 0; at += frameBytes) {
    const last = at + frameBytes >= block.length ? FLAG.endHeaders : 0;
    const first = at === 0;
    const flags = last | (first && end ? FLAG.endStream : 0);
    pieces.push(frame(first ? TYPE.headers : TYPE.continuation, flags, id, block.subarray(at, at + frameBytes)));
  }
  return Buffer.concat(pieces);
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** A GET, or what is said otherwise, of the service that the tests have. */
export function request(path: string, more: Fields = [], method = 'GET'): Buffer {
  return block([[':method', method], [':scheme', 'http'], [':authority', 'origin.test'], [':path', path], ...more]);
}

/** Literals without indexing; one character a byte. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

/** RFC 7541, section 6.2, without Huffman. */
export function literal(name: string, value: string, intoTable = false): Buffer {
  return Buffer.concat([Buffer.from([intoTable ? 0x40 : 0]), string(name), string(value)]);
}

/** Section 6.1. */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** Section 6.3. */
export function tableSize(bytes: number): Buffer {
  return integer(bytes, 5, 0x20);
}

/** Section 5.1. */
export function integer(value: number, prefixBits: number, first = 0): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** So often, one behind the other. */
export function times(count: number, piece: Buffer | ((index: number) => Buffer)): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => (typeof piece === 'function' ? piece(index) : piece)));
}

/** The i-th stream of a client. */
export function streamId(index: number): number {
  return index * 2 + 1;
}

/** The status of an answer to somebody who allows no table; 0: it does not begin with one. Statuses are digits, so the codes of ten suffice. */
export function statusOf(payload: Buffer): number {
  let at = 0;
  while (((payload[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = payload[at] ?? 0;
  if (first >= 0x88 && first <= 0x8e) return [200, 204, 206, 304, 400, 404, 500][first - 0x88] ?? 0;
  const isStatus = first < 0x80 && [8, 9, 10, 11, 12, 13, 14].includes(first & (first >= 0x40 ? 0x3f : 0x0f));
  if (!isStatus) return 0;
  const length = payload[at + 1] ?? 0;
  const text = payload.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number(length >= 0x80 ? digits(text) : text.toString('latin1'));
}

/** RFC 7541, appendix B: 0, 1, 2 in five bits, 3 to 9 in six. */
function digits(text: Buffer): string {
  const bits = [...text].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let found = '';
  for (let at = 0; found.length < 3 && at < bits.length; ) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    found += five <= 2 ? `${five}` : `${Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3}`;
    at += five <= 2 ? 5 : 6;
  }
  return found;
}

function string(text: string): Buffer {
  return Buffer.concat([integer(text.length, 7), Buffer.from(text, 'latin1')]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
