import { readFileSync } from 'node:fs';
import type { Interner } from './definitions.ts';

/** Values that Java wrote one behind the other into one stream, and where each ends. */
export interface JavaStream {
  readonly name: string;
  readonly ends: readonly number[];
  readonly bytes: Buffer;
}

interface Recorded {
  readonly values: readonly { name: string; ends: number[]; hex: string }[];
  readonly errorMessages: { readonly sha256: readonly string[] };
}

const recorded: Recorded = JSON.parse(readFileSync(new URL('../../test-data/sofa-hessian.json', import.meta.url), 'utf8'));

/** What com.alipay.sofa:hessian 3.5.5 writes. */
export const JAVA_STREAMS: readonly JavaStream[] = recorded.values.map(({ name, ends, hex }) => ({
  name,
  ends,
  bytes: Buffer.from(hex, 'hex'),
}));

/** SHA-256 of the error responses that Java writes for the messages in the test of the encoder. */
export const JAVA_ERRORS: readonly string[] = recorded.errorMessages.sha256;

export function javaBytes(name: string): Buffer {
  const stream = JAVA_STREAMS.find((each) => each.name === name);
  if (stream === undefined) throw new Error(`no recorded value "${name}"`);
  return stream.bytes;
}

export const strings: Interner = { intern: (chunk, from, to) => chunk.toString('latin1', from, to) };
