import { CodecError } from '../errors/codec-error.ts';
import { ConfigError } from '../errors/config-error.ts';
import {
  type CodecConnection,
  type Frame,
  type FrameKind,
  type FrameProtocol,
  type HeaderScan,
  type LookupResult,
  NOT_REACHED,
  type Peek,
  type ScanRequest,
} from '../protocol/spi.ts';

const HEADER = 11;
const MAGIC = 0x54;
const KINDS: readonly FrameKind[] = ['request', 'oneway', 'response', 'ping', 'pong', 'goaway', 'resume', 'control'];

/** Test protocol: `T`, kind, status, id (4), body length (4), body. A request's body is `service method key=value ...|payload`. */
export class ToyFrame implements Frame {
  readonly kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  readonly defect: string | undefined;
  readonly id: number;
  readonly status: number;
  constructor(chunk: Buffer, from: number, to: number, length: number) {
    this.kind = KINDS[chunk[from + 1] ?? 7] ?? 'control';
    this.status = chunk[from + 2] ?? 0;
    this.id = chunk.readUInt32BE(from + 3);
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    this.defect = this.status === 99 ? 'status 99 is never right' : undefined;
  }
  get body(): string {
    return this.chunk.toString('latin1', this.from + HEADER, this.to);
  }
}

export function toyFrame(kind: FrameKind, id: number, body = '', status = 0): Buffer {
  const out = Buffer.alloc(HEADER + body.length);
  out[0] = MAGIC;
  out[1] = KINDS.indexOf(kind);
  out[2] = status;
  out.writeUInt32BE(id, 3);
  out.writeUInt32BE(body.length, 7);
  out.write(body, HEADER, 'latin1');
  return out;
}

class ToyConnection implements CodecConnection<ToyFrame> {
  readonly headerBytes = HEADER;
  measure(input: Peek): number {
    if (input.uint8(0) !== MAGIC) throw new CodecError('TOY_MAGIC', 'not a toy frame');
    return HEADER + input.uint32(7);
  }
  parse(chunk: Buffer, from: number, to: number, length: number): ToyFrame {
    return new ToyFrame(chunk, from, to, length);
  }
  ping(id: number): Buffer {
    return toyFrame('ping', id);
  }
  pong(ping: ToyFrame): Buffer {
    return toyFrame('pong', ping.id);
  }
  goAway(): Buffer {
    return toyFrame('goaway', 0);
  }
  refuse(head: Buffer): Buffer {
    return Buffer.from(`no frames in ${head.length} bytes\n`);
  }
}

/** Names and values before the `|`; a front without one has not reached its end. */
function parseHead(frame: ToyFrame): { readonly words: readonly string[]; readonly complete: boolean } {
  const end = frame.body.indexOf('|');
  return {
    words: (end < 0 ? frame.body : frame.body.slice(0, end)).split(' '),
    complete: end >= 0 || frame.to - frame.from === frame.length,
  };
}

function toyScan(wanted: ScanRequest): HeaderScan<ToyFrame> {
  if (wanted.names.includes(':never')) throw new ConfigError('the toy protocol has no :never');
  const values: LookupResult[] = wanted.names.map(() => undefined);
  const scan = {
    values,
    timeoutMs: 0,
    bindsConnection: false,
    run(frame: ToyFrame): void {
      const { words, complete } = parseHead(frame);
      const find = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
      wanted.names.forEach((name, index) => {
        values[index] = complete ? find(name) : NOT_REACHED;
      });
      scan.timeoutMs = wanted.timeout ? Number(find('timeout') ?? 0) : 0;
      scan.bindsConnection = wanted.affinity && words.includes('callback=yes');
    },
  };
  return scan;
}

/** Every level up to 4, or without ids when `multiplexed` is false. */
export function toyProtocol(multiplexed = true): FrameProtocol<ToyFrame> {
  return {
    name: 'toy',
    connection: () => new ToyConnection(),
    ...(multiplexed && {
      multiplexing: {
        maxId: 0x7fffffff,
        assignId(frame: ToyFrame, id: number) {
          frame.chunk.writeUInt32BE(id, frame.from + 3);
          return undefined;
        },
        assignedId: (frame: ToyFrame) => frame.id,
        restoreId(frame: ToyFrame, request: ToyFrame) {
          frame.chunk.writeUInt32BE(request.id, frame.from + 3);
          return undefined;
        },
      },
    }),
    routing: {
      caseSensitiveHeaders: true,
      service: (frame) => parseHead(frame).words[0] ?? '',
      method: (frame) => parseHead(frame).words[1] ?? '',
      scan: toyScan,
      headers: () => [],
      outcome: (frame) => (frame.status === 0 ? 'ok' : 'failure'),
    },
    mediation: {
      edit(frame, edits) {
        const [head = '', ...payload] = frame.body.split('|');
        const words = head.split(' ').filter((word) => !edits.remove.includes(word.split('=')[0] ?? ''));
        for (const [name, value] of [...edits.set, ...edits.add]) words.push(`${name}=${value}`);
        return [toyFrame(frame.kind, frame.chunk.readUInt32BE(frame.from + 3), [words.join(' '), ...payload].join('|'), frame.status)];
      },
      localReply: (request, reply) => toyFrame('response', request.id, `${reply.reason}: ${reply.message}`, 1),
    },
  };
}
