import {
  type CodecConnection,
  type CodecCore,
  CodecError,
  ConfigError,
  type Frame,
  type FrameCalls,
  type FrameKind,
  type HeaderEdits,
  type HeaderScan,
  type LookupResult,
  NOT_REACHED,
  type ScanRequest,
} from '@polywire/core/spi';
import type { Toy } from './fault.test-support.ts';

/**
 * A protocol made up to test the suite with: 16 header bytes (magic 0xec, kind, status, 0, id as 8 bytes, length of the body as 4), and as
 * body `service\nmethod\nname=value\n...\0payload`, percent-encoded up to the NUL.
 */
export const HEADER = 16;
const KINDS: readonly FrameKind[] = ['request', 'oneway', 'response', 'ping', 'pong', 'goaway', 'control'];

class ToyFrame implements Frame {
  readonly kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  readonly defect: string | undefined;
  readonly idHigh: number;
  readonly idLow: number;

  constructor(chunk: Buffer, from: number, to: number, length: number, defect: string | undefined) {
    this.kind = KINDS[(chunk[from + 1] ?? 0) - 1] ?? 'control';
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    this.defect = defect;
    this.idHigh = chunk.readUInt32BE(from + 4);
    this.idLow = chunk.readUInt32BE(from + 8);
  }
}

/** A whole frame's bytes. */
export function toyBytes(kind: FrameKind, id: bigint, head: readonly string[], payload: string, status = 0): Buffer {
  const body = Buffer.from(`${head.map((line) => `${line}\n`).join('')}\0${payload}`);
  const header = Buffer.from([0xec, KINDS.indexOf(kind) + 1, status, 0, ...new Uint8Array(12)]);
  header.writeBigUInt64BE(id, 4);
  header.writeUInt32BE(body.length, 12);
  return Buffer.concat([header, body]);
}

/** Head lines that are there; whether the head ends in the bytes at hand. */
function head(frame: Frame): { readonly lines: string[]; readonly whole: boolean; readonly end: number } {
  const start = Math.min(frame.from + HEADER, frame.to);
  const nul = frame.chunk.subarray(start, frame.to).indexOf(0);
  const end = nul === -1 ? frame.to : start + nul;
  const text = frame.chunk.toString('latin1', start, end);
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return { lines: complete.split('\n').slice(0, -1), whole: nul !== -1 || frame.to - frame.from === frame.length, end };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Half a surrogate pair becomes U+FFFD on the way through bytes; encodeURIComponent would throw on it. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function pairs(frame: Frame): [string, string][] {
  return head(frame)
    .lines.slice(2)
    .map((line): [string, string] => {
      const equals = line.indexOf('=');
      return equals === -1 ? [line, ''] : [line.slice(0, equals), decoded(line.slice(equals + 1))];
    });
}

class ToyScan implements HeaderScan<Frame> {
  readonly values: LookupResult[];
  timeoutMs = 0;
  bindsConnection = false;
  readonly #wanted: ScanRequest;

  constructor(wanted: ScanRequest) {
    this.#wanted = wanted;
    this.values = wanted.names.map(() => undefined);
  }

  run(frame: Frame): void {
    const found = new Map(pairs(frame));
    const missing = head(frame).whole ? undefined : NOT_REACHED;
    this.#wanted.names.forEach((name, index) => {
      this.values[index] = found.get(name) ?? missing;
    });
    const timeout = Number(found.get('timeout') ?? '0');
    this.timeoutMs = Number.isFinite(timeout) && timeout > 0 ? timeout : 0;
    this.bindsConnection = found.has('callback');
  }
}

export function editToy(frame: Frame, edits: HeaderEdits): readonly Buffer[] | undefined {
  const { lines, end } = head(frame);
  if (lines.length < 2) return undefined;
  const headers = new Map(lines.slice(2).map((line): [string, string] => [line.split('=')[0] ?? '', line]));
  for (const name of edits.remove) headers.delete(name);
  for (const [name, value] of edits.set) headers.set(name, `${name}=${encoded(value)}`);
  for (const [name, value] of edits.add) {
    const line = headers.get(name);
    headers.set(name, line === undefined ? `${name}=${encoded(value)}` : `${line}%2C${encoded(value)}`);
  }
  const text = [...lines.slice(0, 2), ...headers.values()].map((line) => `${line}\n`).join('');
  const fixed = Buffer.from(frame.chunk.subarray(frame.from, frame.from + HEADER));
  const rest = frame.chunk.subarray(end, frame.to);
  fixed.writeUInt32BE(text.length + rest.length, 12);
  return [fixed, Buffer.from(text, 'latin1'), rest];
}

function connection(): CodecConnection<Frame> {
  return {
    headerBytes: HEADER,
    measure(input) {
      if (input.uint8(0) !== 0xec) throw new CodecError('toy_magic', 'no toy frame');
      return HEADER + input.uint32(12);
    },
    parse(chunk, from, to, length) {
      const kind = chunk[from + 1] ?? 0;
      const call = kind === 1 || kind === 2;
      const defect = kind === 0 || kind > KINDS.length ? `unknown kind ${kind}` : undefined;
      const frame = new ToyFrame(chunk, from, to, length, defect);
      if (!call || head(frame).lines.length >= 2) return frame;
      return to - from < length ? undefined : new ToyFrame(chunk, from, to, length, 'no service and method');
    },
    ping: (id) => toyBytes('ping', BigInt(id), [], ''),
    pong: (ping) => (ping instanceof ToyFrame ? toyBytes('pong', idOf(ping), [], '') : undefined),
    goAway: () => toyBytes('goaway', 0n, [], ''),
  };
}

function idOf(frame: Frame): bigint {
  return frame instanceof ToyFrame ? (BigInt(frame.idHigh) << 32n) | BigInt(frame.idLow) : 0n;
}

/** Arguments are the payload's lines; the value is the answer's payload. */
const toyCalls: FrameCalls<Frame> = {
  request({ service, method, group, version, arguments: values }) {
    if (Buffer.isBuffer(values)) throw new CodecError('toy_call', 'arguments are texts');
    const plain = [service, method].every((name) => /^[\x21-\x7e]+$/.test(name));
    if (!plain) throw new CodecError('toy_call', 'names are printable');
    const lines = Object.entries({ group, version }).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${encoded(value)}`));
    return toyBytes('request', 1n, [service, method, ...lines], values.map(encoded).join('\n'));
  },
  answer(response) {
    if (response.defect !== undefined) return { kind: 'failed', reason: response.defect };
    const payload = response.chunk.toString('latin1', head(response).end + 1, response.to);
    if (response.chunk[response.from + 2] === 0) return { kind: 'value', value: payload };
    return { kind: 'failed', reason: payload === '' ? 'it failed' : payload };
  },
};

/** The codec, without a fault. */
export function toyProtocol(core: CodecCore): Toy {
  return {
    name: 'toy',
    detect: (bytes) => (bytes.length === 0 ? 'need-more' : bytes[0] === 0xec ? 'match' : 'no-match'),
    connection,
    configure(settings) {
      for (const name of settings.keys()) throw new ConfigError(`the toy has no setting ${name}; it has none`);
      return toyProtocol(core);
    },
    multiplexing: {
      maxId: 0x7fff_ffff,
      assignId(request, id) {
        request.chunk.writeUInt32BE(0, request.from + 4);
        request.chunk.writeUInt32BE(id, request.from + 8);
        return undefined;
      },
      assignedId(response) {
        const high = response.chunk.readUInt32BE(response.from + 4);
        const low = response.chunk.readUInt32BE(response.from + 8);
        return high === 0 && low >= 1 && low <= 0x7fff_ffff ? low : undefined;
      },
      restoreId(response, request) {
        response.chunk.writeBigUInt64BE(idOf(request), response.from + 4);
        return undefined;
      },
      callerId: (request) => Number(idOf(request) & 0xffff_ffffn),
    },
    routing: {
      caseSensitiveHeaders: true,
      service: (request) => interned(core, request, 0),
      method: (request) => interned(core, request, 1),
      scan: (wanted) => new ToyScan(wanted),
      headers: (frame) => pairs(frame),
      setRemainingMs(request, ms) {
        const at = request.chunk.subarray(request.from, request.to).indexOf('\ntimeout=');
        const field = request.from + at + 9;
        if (at !== -1 && ms < 1e6 && /^\d{6}\n$/.test(request.chunk.toString('latin1', field, field + 7)) && field + 7 <= request.to) {
          request.chunk.write(String(ms).padStart(6, '0'), field, 'latin1');
        }
      },
      outcome: (response) => (response.chunk[response.from + 2] === 0 ? 'ok' : 'failure'),
    },
    mediation: {
      edit: editToy,
      localReply: (request, reply) => toyBytes('response', idOf(request), [], `${reply.reason}: ${reply.message}`, 1),
    },
    calls: toyCalls,
  };
}

function interned(core: CodecCore, frame: Frame, index: number): string {
  const line = head(frame).lines[index] ?? '';
  const bytes = Buffer.from(line, 'latin1');
  return core.intern(bytes, 0, bytes.length);
}
