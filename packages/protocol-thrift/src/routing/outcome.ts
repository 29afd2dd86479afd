import type { Outcome } from '@polywire/core/spi';
import { COMPACT, EXCEPTION, readInt32, type ThriftFrame, UNKNOWN } from '../frame.ts';
import { PROTOCOL_ERROR, UNKNOWN_METHOD } from '../reply.ts';
import { CUT, readVarint, unzigzag, varintEnd } from '../varint.ts';
import { DONE } from '../walk/skipper.ts';
import { FIELD, StructReader } from '../walk/struct-reader.ts';
import { I32 } from '../walk/types.ts';

const reader: StructReader = new StructReader();
/** Field 2 of TApplicationException; npm's library leaves it out. */
const TYPE_FIELD = 2;
/** What npm's server says of a method that it lacks. */
const UNKNOWN_FUNCTION: Buffer = Buffer.from('Unknown function');

/**
 * How a call went. A declared exception is a field of the result with an id above 0, a business error. TApplicationException says by its
 * type that the method is unknown, or that the arguments cannot be read, for which the host is not to blame; an exception that no IDL
 * declares comes as INTERNAL_ERROR (Java, Python, C++) or UNKNOWN (npm) and is a failure, as everything else.
 */
export function outcome(response: ThriftFrame): Outcome {
  const found = outcomeSoFar(response);
  return found ?? 'failure';
}

/** undefined when the bytes at hand of a large frame do not tell, or those of a whole one are malformed. */
export function outcomeSoFar(response: ThriftFrame): Outcome | undefined {
  if (response.opaque !== undefined) return 'ok';
  if (response.bodyAt === UNKNOWN) return 'failure';
  const { chunk, from, to, length, bodyAt } = response;
  reader.open(chunk, from + bodyAt, to, from + length, response.encoding === COMPACT);
  if (response.messageType === EXCEPTION) return exceptionOutcome();
  const first = reader.next();
  if (first === DONE) return 'ok';
  if (first === FIELD) return reader.id > 0 ? 'business-error' : 'ok';
  return first === CUT ? undefined : 'failure';
}

function exceptionOutcome(): Outcome | undefined {
  let unknownFunction = false;
  for (;;) {
    const next = reader.next();
    if (next === DONE) return unknownFunction ? 'not-found' : 'failure';
    if (next !== FIELD) return next === CUT ? undefined : 'failure';
    const skipped = reader.skip();
    if (skipped !== DONE) return skipped === CUT ? undefined : 'failure';
    if (reader.id === TYPE_FIELD && reader.type === I32) return outcomeOfType(typeValue());
    if (reader.id === 1)
      unknownFunction = startsWith(reader.b, reader.compact ? varintEnd(reader.b, reader.valueAt, reader.to) : reader.valueAt + 4);
  }
}

function typeValue(): number {
  const { b, valueAt, to, compact } = reader;
  return compact ? unzigzag(readVarint(b, valueAt, varintEnd(b, valueAt, to))) : readInt32(b, valueAt);
}

function outcomeOfType(type: number): Outcome {
  if (type === UNKNOWN_METHOD) return 'not-found';
  return type === PROTOCOL_ERROR ? 'business-error' : 'failure';
}

function startsWith(b: Buffer, at: number): boolean {
  for (let i = 0; i < UNKNOWN_FUNCTION.length; i++) if (b[at + i] !== UNKNOWN_FUNCTION[i]) return false;
  return true;
}
