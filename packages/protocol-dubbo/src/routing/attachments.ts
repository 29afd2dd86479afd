import { type DubboFrame, HEADER_BYTES, STATUS_OK, UNKNOWN } from '../frame.ts';
import { ABSENT, type BodyReader, FAILED, OPENED } from '../serialization/serialization.ts';

/** Types of a response's body from which on attachments follow: 3 exception, 4 value, 5 null. 0, 1 and 2 are the same without. */
const FIRST_TYPE_WITH_ATTACHMENTS = 3;
const NULL_WITH_ATTACHMENTS = 5;

/** More arguments than a method can have. */
const ALL = Number.POSITIVE_INFINITY;

/** Moves the reader into the frame's attachments, behind the arguments or the value. ABSENT: it has none. */
export function openAttachments(frame: DubboFrame, reader: BodyReader): typeof OPENED | typeof ABSENT | typeof FAILED {
  const found = seekAttachments(frame, reader);
  return found === ABSENT || found === FAILED ? found : reader.openAttachments();
}

/** Moves the reader to where the frame's attachments begin; ABSENT when it is a response that cannot have any. */
export function seekAttachments(frame: DubboFrame, reader: BodyReader): typeof OPENED | typeof ABSENT | typeof FAILED {
  if (reader.frontOnly === true && frame.kind !== 'response') return FAILED;
  if (frame.attachmentsAt !== UNKNOWN) {
    reader.begin(frame.chunk, frame.from + frame.attachmentsAt, frame.to, frame.from + frame.length, frame.from + HEADER_BYTES);
    return OPENED;
  }
  const found = frame.kind === 'response' ? skipValue(frame, reader) : skipArguments(frame, reader, ALL);
  if (found === OPENED && !reader.tied) frame.attachmentsAt = reader.at - frame.from;
  return found;
}

/** Moves behind the first `most` arguments, or ALL. ABSENT: none follows them. */
export function skipArguments(frame: DubboFrame, reader: BodyReader, most: number): typeof OPENED | typeof ABSENT | typeof FAILED {
  reader.begin(frame.chunk, frame.from + frame.descriptorAt, frame.to, frame.from + frame.length, frame.from + HEADER_BYTES);
  if (frame.descriptorAt === UNKNOWN || !reader.skipText()) return FAILED;
  const count = reader.plain ? countArguments(frame.chunk, reader.from, reader.to) : countInText(reader.text());
  if (most !== ALL && count <= most) return ABSENT;
  for (let left = Math.min(count, most); left > 0; left--) if (!reader.skipItem()) return FAILED;
  return OPENED;
}

function skipValue(frame: DubboFrame, reader: BodyReader): typeof OPENED | typeof ABSENT | typeof FAILED {
  if (frame.chunk[frame.from + 3] !== STATUS_OK) return ABSENT;
  reader.begin(frame.chunk, frame.from + HEADER_BYTES, frame.to, frame.from + frame.length, frame.from + HEADER_BYTES);
  const type = reader.readType();
  if (type < 0) return FAILED;
  if (type < FIRST_TYPE_WITH_ATTACHMENTS) return ABSENT;
  if (reader.frontOnly === true) return FAILED;
  return type === NULL_WITH_ATTACHMENTS || reader.skipItem() ? OPENED : FAILED;
}

function countInText(descriptor: string): number {
  const bytes = Buffer.from(descriptor);
  return countArguments(bytes, 0, bytes.length);
}

/** Parameters of a descriptor in the JVM's form: `[[JLjava/lang/String;I` has three. */
function countArguments(b: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const letter = b[at]!;
    if (letter === 0x5b) continue;
    if (letter === 0x4c) while (at < to && b[at] !== 0x3b) at++;
    count++;
  }
  return count;
}
