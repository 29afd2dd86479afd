import { readFileSync } from 'node:fs';
import { encodeString } from '@polywire/hessian';
import { header } from '../frame.ts';

const DATA = new URL('../../test-data/', import.meta.url);

interface Vector {
  readonly src: string;
  readonly hex: string;
}

const vectors = new Map<string, Vector>(Object.entries(JSON.parse(readFileSync(new URL('vectors.json', DATA), 'utf8'))));

/** A recorded frame or item by its name in test-data/vectors.json. */
export function vector(name: string): Buffer {
  const found = vectors.get(name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return Buffer.from(found.hex, 'hex');
}

/** Every recorded frame. */
export function frames(): [name: string, bytes: Buffer][] {
  return [...vectors].filter(([name]) => name.startsWith('dubbo/')).map(([name, { hex }]) => [name, Buffer.from(hex, 'hex')]);
}

/**
 * 73,589 bytes made with hessian-lite: references to themselves, classes by number, typed lists and maps, a binary of 40 kB, a string
 * of more than 32 K units with an emoji at the edge of a chunk, dates, and an attachment that refers into the arguments.
 */
export function edgeRequest(): Buffer {
  return recorded('edge-request.bin');
}

/** A file of test-data/, which its README describes. */
export function recorded(file: string): Buffer {
  return readFileSync(new URL(file, DATA));
}

/** Hessian bytes: strings become string values, buffers stand for themselves. */
export function values(...items: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(items.map((item) => (typeof item === 'string' ? encodeString(item) : item)));
}

/** Bytes written as hex; spaces are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

export const NULL: Buffer = hex('4e');

/** What a Hessian request is made of; all but the attachments has a default. */
export interface RequestParts {
  readonly id?: number;
  readonly flags?: number;
  readonly service?: string;
  readonly version?: string | Buffer;
  readonly method?: string;
  readonly descriptor?: string;
  readonly arguments?: readonly (string | Buffer)[];
  /** Keys and values in turn, or the attachments' own bytes. */
  readonly attachments?: readonly (string | Buffer)[] | Buffer;
}

/** A Hessian request. */
export function request(parts: RequestParts = {}): Buffer {
  const { attachments = [] } = parts;
  const body = values(
    '2.0.2',
    parts.service ?? 'com.acme.Service',
    parts.version ?? '1.0.0',
    parts.method ?? 'call',
    parts.descriptor ?? '',
    ...(parts.arguments ?? []),
    Buffer.isBuffer(attachments) ? attachments : Buffer.concat([hex('48'), values(...attachments), hex('5a')]),
  );
  return Buffer.concat([header(parts.flags ?? 0xc2, 0, -2, parts.id ?? 7, body.length), body]);
}

/** A response with the given body. */
export function response(status: number, body: Buffer, flags = 0x02): Buffer {
  return Buffer.concat([header(flags, status, 0, 7, body.length), body]);
}
