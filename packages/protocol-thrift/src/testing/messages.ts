import { readFileSync } from 'node:fs';
import { CALL, REPLY } from '../frame.ts';
import { varint } from '../varint.ts';

const DATA = new URL('../../test-data/', import.meta.url);

interface Vector {
  readonly src: string;
  readonly hex: string;
}

const vectors = new Map<string, Vector>(Object.entries(JSON.parse(readFileSync(new URL('vectors.json', DATA), 'utf8'))));

/** A recorded frame by its name in test-data/vectors.json, without `thrift/`. */
export function vector(name: string): Buffer {
  const found = vectors.get(`thrift/${name}`);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return Buffer.from(found.hex, 'hex');
}

/** A file of test-data/, which its README describes. */
export function recorded(file: string): Buffer {
  return readFileSync(new URL(file, DATA));
}

/** Bytes written as hex; spaces are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** The encodings that messages are made in. */
export const ENCODINGS = ['strict', 'old', 'compact'] as const;
export type EncodingName = (typeof ENCODINGS)[number];

/** The transports that messages are put in. */
export const TRANSPORTS = ['unframed', 'framed', 'header'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** A message; the body is a struct's bytes. */
export interface MessageParts {
  readonly type?: number;
  readonly seqid?: number;
  readonly body?: Buffer;
}

/** A message without framing. */
export function message(encoding: EncodingName, name: string, { type = CALL, seqid = 0, body = hex('00') }: MessageParts = {}): Buffer {
  const bytes = Buffer.from(name);
  switch (encoding) {
    case 'strict':
      return Buffer.concat([Buffer.of(0x80, 1, 0, type), int32(bytes.length), bytes, int32(seqid), body]);
    case 'old':
      return Buffer.concat([int32(bytes.length), bytes, Buffer.of(type), int32(seqid), body]);
    case 'compact':
      return Buffer.concat([Buffer.of(0x82, (type << 5) | 1), varint(seqid), varint(bytes.length), bytes, body]);
  }
}

/** The same in a transport; a THeader's sequence id is `headerSeqid`, and its infos `infos`. */
export function framed(
  transport: TransportName,
  encoding: EncodingName,
  bytes: Buffer,
  { headerSeqid = 0, infos = [] }: { readonly headerSeqid?: number; readonly infos?: readonly (readonly [string, string])[] } = {},
): Buffer {
  if (transport === 'unframed') return bytes;
  if (transport === 'framed') return Buffer.concat([int32(bytes.length), bytes]);
  const pairs = infos.flat().flatMap((text) => [varint(Buffer.byteLength(text)), Buffer.from(text)]);
  const list = pairs.length === 0 ? [] : [Buffer.of(1), varint(infos.length), ...pairs];
  return header(Buffer.concat([Buffer.of(encoding === 'compact' ? 2 : 0, 0), ...list]), bytes, headerSeqid);
}

/** A THeader frame with this header, which is padded. */
export function header(content: Buffer, bytes: Buffer, headerSeqid = 0): Buffer {
  const words = Math.ceil(content.length / 4);
  const fixed = Buffer.alloc(14);
  fixed.writeInt32BE(10 + 4 * words + bytes.length, 0);
  fixed.writeUInt16BE(0x0fff, 4);
  fixed.writeInt32BE(headerSeqid, 8);
  fixed.writeUInt16BE(words, 12);
  return Buffer.concat([fixed, content, Buffer.alloc(4 * words - content.length), bytes]);
}

/** Arguments, a result or an exception: i32 1 = 7, string 2 = "ann", bool 3 = true, i64 4 = -2, double 5 = 1.5, list<struct> 6. */
export function body(encoding: EncodingName): Buffer {
  if (encoding === 'compact') return hex('15 0e 18 03 616e6e 11 16 03 17 000000000000f83f 19 2c 15 02 00 15 04 00 00');
  return hex(
    '08 0001 00000007 0b 0002 00000003 616e6e 02 0003 01 0a 0004 fffffffffffffffe 04 0005 3ff8000000000000 ' +
      '0f 0006 0c 00000002 08 0001 00000001 00 08 0001 00000002 00 00',
  );
}

/** A result that is a string. */
export function result(encoding: EncodingName): Buffer {
  return encoding === 'compact' ? hex('08 00 03 616e6e 00') : hex('0b 0000 00000003 616e6e 00');
}

/** A result that is a declared exception, which is an empty struct. */
export function declared(encoding: EncodingName): Buffer {
  return encoding === 'compact' ? hex('1c 00 00') : hex('0c 0001 00 00');
}

/** TApplicationException with a text and, unless it is left out, a type. */
export function applicationException(encoding: EncodingName, text: string, type?: number): Buffer {
  const words = Buffer.from(text);
  if (encoding === 'compact') {
    return Buffer.concat([
      hex('18'),
      varint(words.length),
      words,
      type === undefined ? Buffer.alloc(0) : Buffer.of(0x15, type << 1),
      hex('00'),
    ]);
  }
  const typed = type === undefined ? Buffer.alloc(0) : Buffer.concat([hex('08 0002'), int32(type)]);
  return Buffer.concat([hex('0b 0001'), int32(words.length), words, typed, hex('00')]);
}

/** A reply that is a string. */
export function reply(encoding: EncodingName, name: string, seqid: number): Buffer {
  return message(encoding, name, { type: REPLY, seqid, body: result(encoding) });
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
