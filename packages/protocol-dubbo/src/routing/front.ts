import type { CodecCore } from '@polywire/core/spi';
import { type DubboFrame, HEADER_BYTES } from '../frame.ts';
import type { BodyReader } from '../serialization/serialization.ts';

const DOLLAR = 0x24;

/**
 * Reads the front of a request, the five strings that every body begins with: Dubbo's version, service, the service's version, method and
 * parameter descriptor (DubboCodec.encodeRequestData). False asks for more bytes of a large frame; a front that can never be read is the
 * frame's defect.
 */
export function readFront(frame: DubboFrame, reader: BodyReader | undefined, core: CodecCore): boolean {
  if (reader === undefined) return true;
  const { from } = frame;
  reader.begin(frame.chunk, from + HEADER_BYTES, frame.to, from + frame.length, from + HEADER_BYTES);
  if (!reader.skipText()) return failed(frame, reader);
  if (!reader.skipText()) return failed(frame, reader);
  const service = reader.plain ? core.intern(frame.chunk, reader.from, reader.to) : reader.text();
  const versionAt = reader.at - from;
  if (!reader.skipText()) return failed(frame, reader);
  if (!reader.skipText()) return failed(frame, reader);
  const method = reader.plain ? core.intern(frame.chunk, reader.from, reader.to) : reader.text();
  const descriptorAt = reader.at - from;
  if (!reader.skipText()) return failed(frame, reader);
  // `$invoke` names the real method in its first argument: that belongs to the front, too.
  if (method.charCodeAt(0) === DOLLAR && frame.to - from < frame.length && !reader.skipItem() && !reader.malformed) return false;
  frame.service = service;
  frame.versionAt = versionAt;
  frame.method = method;
  frame.descriptorAt = descriptorAt;
  return true;
}

function failed(frame: DubboFrame, reader: BodyReader): boolean {
  if (!reader.malformed && frame.to - frame.from < frame.length) return false;
  frame.defect = 'the body does not begin with the five strings of a Dubbo request (version, service, version, method, parameter types)';
  return true;
}
