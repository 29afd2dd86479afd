import { crc32 } from 'node:zlib';
import { pair } from '../pair.ts';

/** Makes the checksum of the frame that `bytes` begin with right, if it is there and has one, in place. Independent of the codec. */
export function reseal(bytes: Buffer): void {
  if (bytes.length < 22 || bytes[0] !== 2 || bytes[1] !== 2 || ((bytes[11] ?? 0) & 1) === 0) return;
  const lengthsAt = bytes[2] === 0 ? 14 : 16;
  if (bytes.length < lengthsAt + 8) return;
  const end = lengthsAt + 8 + bytes.readUInt16BE(lengthsAt) + bytes.readUInt16BE(lengthsAt + 2) + bytes.readUInt32BE(lengthsAt + 4);
  if (end + 4 <= bytes.length) bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
}

/** Bytes written as hex; spaces are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** What a request is made of; all has a default. */
export interface RequestParts {
  readonly dialect?: number;
  readonly type?: number;
  readonly command?: number;
  readonly id?: number;
  readonly codec?: number;
  readonly switches?: number;
  readonly timeout?: number;
  readonly class?: string;
  /** Keys and values in turn, or the headers' own bytes. */
  readonly headers?: readonly string[] | Buffer;
  readonly content?: Buffer;
}

/** A request, in version 1 unless said otherwise. */
export function request(parts: RequestParts = {}): Buffer {
  const { dialect = 0, switches = 1, timeout = 3000, type = 1, command = 1 } = parts;
  const time = Buffer.alloc(4);
  time.writeInt32BE(timeout);
  return frame({ ...parts, dialect, switches, type, command }, time, 'com.alipay.sofa.rpc.core.request.SofaRequest');
}

/** A response, in version 1 unless said otherwise. */
export function response(status: number, parts: RequestParts = {}): Buffer {
  const { dialect = 0, switches = 1, type = 0, command = 2 } = parts;
  const code = Buffer.from([status >> 8, status & 255]);
  return frame({ ...parts, dialect, switches, type, command }, code, 'com.alipay.sofa.rpc.core.response.SofaResponse');
}

type Envelope = RequestParts & Required<Pick<RequestParts, 'dialect' | 'type' | 'command' | 'switches'>>;

function frame(parts: Envelope, middle: Buffer, defaultClass: string): Buffer {
  const { dialect, type, command, switches, id = 1, codec = 1, content = Buffer.alloc(0) } = parts;
  const name = Buffer.from(parts.class ?? defaultClass);
  const { headers = ['service', 'com.acme.Hello:1.0', 'sofa_head_method_name', 'say'] } = parts;
  const map = Buffer.isBuffer(headers) ? headers : pairs(headers);
  const lengths = Buffer.alloc(12);
  lengths.writeInt32BE(id);
  lengths.writeUInt16BE(name.length, 4);
  lengths.writeUInt16BE(map.length, 6);
  lengths.writeUInt32BE(content.length, 8);
  const checksum = Buffer.alloc(dialect === 2 && (switches & 1) === 1 ? 4 : 0);
  const bytes = Buffer.concat([
    Buffer.from(dialect === 0 ? [1] : [2, dialect]),
    Buffer.from([type, command >> 8, command & 255, 1]),
    lengths.subarray(0, 4),
    Buffer.from(dialect === 0 ? [codec] : [codec, switches]),
    ...[middle, lengths.subarray(4), name, map, content, checksum],
  ]);
  reseal(bytes);
  return bytes;
}

function pairs(texts: readonly string[]): Buffer {
  const found: Buffer[] = [];
  for (let i = 0; i + 1 < texts.length; i += 2) found.push(pair(texts[i] ?? '', texts[i + 1] ?? ''));
  return Buffer.concat(found);
}
