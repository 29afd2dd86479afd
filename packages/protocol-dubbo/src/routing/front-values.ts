import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { type DubboFrame, HEADER_BYTES } from '../frame.ts';
import { ABSENT, type BodyReader, FAILED, OPENED } from '../serialization/serialization.ts';
import { skipArguments } from './attachments.ts';

/** Index of the Object[] among the arguments of `$invoke(String method, String[] types, Object[] arguments)`. */
const GENERIC_ARGUMENTS = 2;

/** The method, or the real one that a generic call names in its first argument (RpcUtils.getMethodName). Empty when there is none. */
export function readMethod(frame: DubboFrame, reader: BodyReader, core: CodecCore): string {
  const { method } = frame;
  if (!isInvoke(method)) return method;
  const real = skipArguments(frame, reader, 0) === OPENED ? reader.readItem(core) : undefined;
  return typeof real === 'string' ? real : method;
}

/** The service's version from the front; null, empty, `0.0.0` and `*` all mean none (GroupServiceKeyCache.createServiceKey). */
export function readVersion(frame: DubboFrame, reader: BodyReader, core: CodecCore): LookupResult {
  const { chunk, from } = frame;
  reader.begin(chunk, from + frame.versionAt, frame.to, from + frame.length, from + HEADER_BYTES);
  // Where it is was found by passing it before.
  if (!reader.skipText()) return UNREADABLE;
  const version = reader.plain ? core.intern(chunk, reader.from, reader.to) : reader.text();
  return version === '' || version === '0.0.0' || version === '*' ? undefined : version;
}

/** Whether the frame is a generic call. */
export function isGeneric(frame: DubboFrame): boolean {
  return isInvoke(frame.method);
}

/** An argument that is a string, number or boolean, as text; of a generic call, an element of its Object[]. */
export function readArgument(frame: DubboFrame, reader: BodyReader, core: CodecCore, index: number, generic: boolean): LookupResult {
  const found = skipArguments(frame, reader, generic ? GENERIC_ARGUMENTS : index);
  if (found === ABSENT) return undefined;
  if (found === FAILED) return reader.malformed || frame.to - frame.from >= frame.length ? UNREADABLE : NOT_REACHED;
  return generic ? reader.readElement(index, core) : reader.readItem(core);
}

function isInvoke(method: string): boolean {
  return method.charCodeAt(0) === 0x24 && (method === '$invoke' || method === '$invokeAsync');
}
