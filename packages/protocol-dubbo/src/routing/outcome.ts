import type { Outcome } from '@polywire/core/spi';
import { type DubboFrame, HEADER_BYTES, STATUS_OK } from '../frame.ts';
import type { BodyReader } from '../serialization/serialization.ts';

/** Statuses other than OK that say more than failure (Response, Dubbo). */
const OUTCOMES: ReadonlyMap<number, Outcome> = new Map([
  [30, 'timeout'],
  [31, 'timeout'],
  [60, 'not-found'],
  [100, 'overload'],
]);

/**
 * Java says that it lacks a service with these statuses, which also mean other faults, and one of these texts: the second is 2.7's, the
 * third what 3.3 says with arguments that it cannot read for lack of the method's types.
 */
const BAD_REQUEST = 40;
const SERVICE_ERROR = 70;
const NOT_FOUND_TEXTS: readonly string[] = ['Service not found', 'Not found exported service', 'parameterTypes=null'];

/** Types of a body that hold an exception, without and with attachments. */
const EXCEPTION = 0;
const EXCEPTION_WITH_ATTACHMENTS = 3;

/** How a response went, from its status and from what its body begins with. */
export function outcome(response: DubboFrame, reader: BodyReader | undefined): Outcome {
  const status = response.chunk[response.from + 3]!;
  if (status === STATUS_OK) {
    const type = reader === undefined ? -1 : openBody(response, reader).readType();
    return type === EXCEPTION || type === EXCEPTION_WITH_ATTACHMENTS ? 'business-error' : 'ok';
  }
  if (status !== BAD_REQUEST && status !== SERVICE_ERROR) return OUTCOMES.get(status) ?? 'failure';
  const text = reader !== undefined && openBody(response, reader).skipText() ? reader.text() : '';
  return NOT_FOUND_TEXTS.some((known) => text.includes(known)) ? 'not-found' : 'failure';
}

/** Whether the bytes at hand of a response are enough to tell its outcome. */
export function hasOutcome(response: DubboFrame, reader: BodyReader | undefined): boolean {
  if (reader === undefined || response.to - response.from >= response.length) return true;
  const status = response.chunk[response.from + 3]!;
  if (status !== STATUS_OK && status !== BAD_REQUEST && status !== SERVICE_ERROR) return true;
  openBody(response, reader);
  if (status !== STATUS_OK) return reader.skipText() || reader.malformed;
  return (reader.frontOnly === true ? reader.readType() >= 0 : reader.skipItem()) || reader.malformed;
}

function openBody(response: DubboFrame, reader: BodyReader): BodyReader {
  reader.begin(response.chunk, response.from + HEADER_BYTES, response.to, response.from + response.length, response.from + HEADER_BYTES);
  return reader;
}
