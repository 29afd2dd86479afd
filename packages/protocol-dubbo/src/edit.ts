import type { CodecCore, HeaderEdits } from '@polywire/core/spi';
import { type DubboFrame, HEADER_BYTES, readInt32, writeInt32 } from './frame.ts';
import { seekAttachments } from './routing/attachments.ts';
import type { Serializations } from './serialization/index.ts';
import { ABSENT, type AttachmentWriter, type BodyReader, OPENED } from './serialization/serialization.ts';

/** New bytes for [from, to) of a frame's chunk. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

/** An attachment with an edited name. */
interface Entry {
  readonly key: string;
  readonly keyAt: number;
  readonly valueAt: number;
  readonly end: number;
  readonly text: string | undefined;
}

/** A frame's attachments as they lie: [from, to), or the null in their place, and where new pairs go. */
interface Attachments {
  readonly from: number;
  readonly to: number;
  /** undefined when there are none yet. */
  readonly insertAt: number | undefined;
  readonly entries: readonly Entry[];
}

/**
 * Changes attachments by splicing bytes, never by writing them anew: values may refer into the arguments by number, and classes defined
 * there. Strings take no such number, so that string pairs can go in front of all others, and simple values can be replaced or cut out.
 * undefined when the frame cannot be edited: unreadable, an answer of a kind without attachments, or a value that others may refer to.
 */
export function edit(frame: DubboFrame, edits: HeaderEdits, table: Serializations, core: CodecCore): readonly Buffer[] | undefined {
  const { reader, attachments: writer } = table[frame.format]!;
  const names = new Set([...edits.remove, ...edits.set.keys(), ...edits.add.keys()]);
  if (names.size === 0) return unchanged(frame);
  if (reader === undefined || writer === undefined || !isEditable(frame, names)) return undefined;
  const adds = edits.set.size + edits.add.size > 0;
  const found = seekAttachments(frame, reader);
  if (found !== OPENED) return found === ABSENT && !adds ? unchanged(frame) : undefined;
  const attachments = locate(reader, names, core);
  if (attachments === undefined) return undefined;
  const splices = planSplices(frame.chunk, attachments, names, edits, writer);
  if (splices === undefined) return undefined;
  return splices.length === 0 ? unchanged(frame) : apply(frame, splices);
}

/** Pseudo-headers are no attachments; events have none. */
function isEditable(frame: DubboFrame, names: ReadonlySet<string>): boolean {
  if (frame.defect !== undefined || frame.to - frame.from < frame.length) return false;
  if (frame.kind !== 'request' && frame.kind !== 'oneway' && frame.kind !== 'response') return false;
  for (const name of names) if (name === '' || name.startsWith(':')) return false;
  return true;
}

function unchanged(frame: DubboFrame): readonly Buffer[] {
  return [frame.chunk.subarray(frame.from, frame.to)];
}

/** Reads the attachments from where the reader was put. */
function locate(reader: BodyReader, names: ReadonlySet<string>, core: CodecCore): Attachments | undefined {
  const from = reader.at;
  const opened = reader.openAttachments();
  if (opened === ABSENT) return { from, to: reader.at, insertAt: undefined, entries: [] };
  if (opened !== OPENED) return undefined;
  const insertAt = reader.at;
  const entries: Entry[] = [];
  for (;;) {
    const keyAt = reader.at;
    const next = reader.nextKey();
    if (next === ABSENT) return { from, to: reader.at, insertAt, entries };
    if (next !== OPENED) return undefined;
    const key = reader.text();
    const valueAt = reader.at;
    const wanted = names.has(key);
    const value = wanted ? reader.readValue(core) : undefined;
    if (typeof value === 'symbol' || (!wanted && !reader.skipValue())) return undefined;
    if (wanted) entries.push({ key, keyAt, valueAt, end: reader.at, text: value });
  }
}

function planSplices(
  chunk: Buffer,
  attachments: Attachments,
  names: ReadonlySet<string>,
  edits: HeaderEdits,
  writer: AttachmentWriter,
): Splice[] | undefined {
  const splices: Splice[] = [];
  const pairs: Buffer[] = [];
  for (const name of names) {
    const entries = attachments.entries.filter((entry) => entry.key === name);
    const last = entries.at(-1);
    const value = editedValue(name, last?.text, edits);
    if (last === undefined) {
      if (value !== undefined) pairs.push(writer.string(name), writer.string(value));
    } else if (value === undefined) {
      if (!entries.every((entry) => writer.replaceable(chunk, entry.valueAt))) return undefined;
      splices.push(...entries.map(({ keyAt, end }) => ({ from: keyAt, to: end, bytes: Buffer.alloc(0) })));
    } else if (value !== last.text) {
      // The last of equal keys is the one that Java's HashMap keeps.
      if (!writer.replaceable(chunk, last.valueAt)) return undefined;
      splices.push({ from: last.valueAt, to: last.end, bytes: writer.string(value) });
    }
  }
  if (pairs.length > 0) splices.push(insertion(attachments, pairs, writer));
  // an insertion goes before a change of the entry that begins at the same byte
  splices.sort((a, b) => a.from - b.from || a.to - b.to);
  if (splices.length > 0 && attachments.insertAt !== undefined && writer.lengthBytes > 0) {
    splices.unshift(newLength(chunk, attachments.from, growth(splices)));
  }
  return splices;
}

/** What an attachment holds after the edits, which apply in the order remove, set, add; undefined: nothing. */
function editedValue(name: string, before: string | undefined, edits: HeaderEdits): string | undefined {
  const kept = edits.remove.includes(name) ? undefined : before;
  const set = edits.set.get(name) ?? kept;
  const added = edits.add.get(name);
  if (added === undefined) return set;
  return set === undefined ? added : `${set},${added}`;
}

function insertion(attachments: Attachments, pairs: readonly Buffer[], writer: AttachmentWriter): Splice {
  const { from, to, insertAt } = attachments;
  return insertAt === undefined ? { from, to, bytes: writer.map(pairs) } : { from: insertAt, to: insertAt, bytes: Buffer.concat(pairs) };
}

function newLength(chunk: Buffer, at: number, grown: number): Splice {
  const bytes = Buffer.allocUnsafe(4);
  writeInt32(bytes, 0, readInt32(chunk, at) + grown);
  return { from: at, to: at + 4, bytes };
}

function growth(splices: readonly Splice[]): number {
  return splices.reduce((sum, { from, to, bytes }) => sum + bytes.length - (to - from), 0);
}

/** The frame as pieces. The received bytes stay as they are: a retry may need them. */
function apply(frame: DubboFrame, splices: readonly Splice[]): readonly Buffer[] {
  const { chunk, from, to, length } = frame;
  const header = Buffer.from(chunk.subarray(from, from + HEADER_BYTES));
  writeInt32(header, 12, length - HEADER_BYTES + growth(splices));
  const pieces: Buffer[] = [header];
  let at = from + HEADER_BYTES;
  for (const splice of splices) {
    if (splice.from > at) pieces.push(chunk.subarray(at, splice.from));
    if (splice.bytes.length > 0) pieces.push(splice.bytes);
    at = splice.to;
  }
  if (at < to) pieces.push(chunk.subarray(at, to));
  return pieces;
}
