import type { HeaderEdits, NewFront } from '@polywire/core/spi';
import { HEADER, LENGTH_BYTES, ThriftFrame, UNKNOWN, writeInt32 } from './frame.ts';
import { FIXED_BYTES, InfoReader, readHeader, WORDS_AT } from './header.ts';
import { varint } from './varint.ts';

/** C++'s THeaderTransport refuses as many and more. */
const TOO_MANY_WORDS = 16_384;

/** New bytes for [from, to) of a frame's chunk. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

/** A pair whose key is edited. */
interface Entry {
  readonly key: string;
  readonly value: string;
  /** With the length in front, each. */
  readonly keyAt: number;
  readonly valueAt: number;
  readonly end: number;
  readonly list: PairList;
}

/** One list of pairs: its count lies at [countAt, countEnd). */
interface PairList {
  readonly countAt: number;
  readonly countEnd: number;
  readonly count: number;
  removed: number;
}

interface Infos {
  readonly entries: readonly Entry[];
  readonly lists: readonly PairList[];
  /** Behind the last info that can be read. */
  readonly end: number;
}

/**
 * Changes the infos of a THeader by splicing bytes, and pads the header anew. What has no THeader has no place for any: undefined when one
 * would have to be written there.
 */
export function edit(frame: ThriftFrame, edits: HeaderEdits, front?: NewFront): readonly Buffer[] | undefined {
  const names = new Set([...edits.remove, ...edits.set.keys(), ...edits.add.keys()]);
  if (frame.defect !== undefined || frame.to - frame.from < frame.length) return undefined;
  for (const name of names) if (name === '' || name.startsWith(':')) return undefined;
  if (names.size === 0) return unchanged(frame, front);
  if (front !== undefined) return editBehind(frame, edits, front);
  if (frame.transport !== HEADER) return edits.set.size + edits.add.size === 0 ? unchanged(frame, undefined) : undefined;
  const infos = locate(frame, names);
  if (infos === undefined) return undefined;
  const splices = plan(infos, names, edits);
  return splices.length === 0 ? unchanged(frame, undefined) : apply(frame, splices, infos.end);
}

function unchanged({ chunk, from, to }: ThriftFrame, front: NewFront | undefined): readonly Buffer[] {
  return front === undefined ? [chunk.subarray(from, to)] : [front.front, chunk.subarray(from + front.replaces, to)];
}

/** What is sent is what counts: a THeader that a change of transport brought or took away. */
function editBehind(frame: ThriftFrame, edits: HeaderEdits, front: NewFront): readonly Buffer[] | undefined {
  const sent = Buffer.concat(unchanged(frame, front));
  const isHeader = sent.length > FIXED_BYTES && sent[4] === 0x0f && sent[5] === 0xff;
  const changed = new ThriftFrame(frame.kind, sent, 0, sent.length, sent.length, isHeader ? HEADER : 0);
  if (isHeader) readHeader(changed);
  return edit(changed, edits);
}

function locate(frame: ThriftFrame, names: ReadonlySet<string>): Infos | undefined {
  if (frame.infosAt === UNKNOWN) return undefined;
  const { chunk } = frame;
  const reader = new InfoReader();
  const entries: Entry[] = [];
  const lists: PairList[] = [];
  reader.open(frame);
  for (let pairAt = reader.at; reader.next(); pairAt = reader.at) {
    let list = lists.at(-1);
    if (list?.countAt !== reader.countAt) {
      const { countAt, countEnd, count } = reader;
      list = { countAt, countEnd, count, removed: 0 };
      lists.push(list);
      pairAt = countEnd;
    }
    const key = chunk.toString('utf8', reader.keyAt, reader.keyEnd);
    const value = chunk.toString('utf8', reader.valueAt, reader.valueEnd);
    if (names.has(key)) entries.push({ key, value, keyAt: pairAt, valueAt: reader.keyEnd, end: reader.at, list });
  }
  return reader.malformed ? undefined : { entries, lists, end: reader.at };
}

function plan(infos: Infos, names: ReadonlySet<string>, edits: HeaderEdits): Splice[] {
  const splices: Splice[] = [];
  const pairs: Buffer[] = [];
  for (const name of names) {
    const entries = infos.entries.filter(({ key }) => key === name);
    const last = entries.at(-1);
    const value = editedValue(name, last?.value, edits);
    if (last === undefined) {
      if (value !== undefined) pairs.push(text(name), text(value));
    } else if (value === undefined) {
      for (const { keyAt, end, list } of entries) {
        list.removed++;
        splices.push({ from: keyAt, to: end, bytes: Buffer.alloc(0) });
      }
    } else if (value !== last.value) {
      // The last of equal keys is the one that counts.
      splices.push({ from: last.valueAt, to: last.end, bytes: text(value) });
    }
  }
  return [...splices, ...counts(infos, pairs)].sort((a, b) => a.from - b.from || a.to - b.to);
}

/** New pairs go in front of the first list's, or into a list of their own behind all others. */
function counts({ lists, end }: Infos, pairs: readonly Buffer[]): Splice[] {
  const added = pairs.length / 2;
  const splices = lists.flatMap(({ countAt, countEnd, count, removed }, index): Splice[] => {
    const more = index === 0 ? added : 0;
    if (more === 0 && removed === 0) return [];
    return [{ from: countAt, to: countEnd, bytes: Buffer.concat([varint(count - removed + more), ...(more > 0 ? pairs : [])]) }];
  });
  if (lists.length === 0 && added > 0) splices.push({ from: end, to: end, bytes: Buffer.concat([Buffer.of(1), varint(added), ...pairs]) });
  return splices;
}

/** What an info holds after the edits, which apply in the order remove, set, add; undefined: nothing. */
function editedValue(name: string, before: string | undefined, edits: HeaderEdits): string | undefined {
  const kept = edits.remove.includes(name) ? undefined : before;
  const set = edits.set.get(name) ?? kept;
  const added = edits.add.get(name);
  if (added === undefined) return set;
  return set === undefined ? added : `${set},${added}`;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** The frame as pieces. The received bytes stay as they are: a retry may need them. */
function apply(frame: ThriftFrame, splices: readonly Splice[], infosEnd: number): readonly Buffer[] | undefined {
  const { chunk, from, to, messageAt } = frame;
  const pieces: Buffer[] = [];
  let at = from + FIXED_BYTES;
  for (const splice of splices) {
    pieces.push(chunk.subarray(at, splice.from), splice.bytes);
    at = splice.to;
  }
  pieces.push(chunk.subarray(at, contentEnd(frame, infosEnd)));
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const words = Math.ceil(bytes / 4);
  if (words >= TOO_MANY_WORDS) return undefined;
  const fixed = Buffer.from(chunk.subarray(from, from + FIXED_BYTES));
  writeInt32(fixed, 0, frame.length - messageAt + FIXED_BYTES - LENGTH_BYTES + 4 * words);
  fixed.writeUInt16BE(words, WORDS_AT);
  return [fixed, ...pieces, Buffer.alloc(4 * words - bytes), chunk.subarray(from + messageAt, to)];
}

/** Where the padding begins. Of infos that cannot be read nobody knows where they end, so that all behind them is kept. */
function contentEnd({ chunk, from, messageAt }: ThriftFrame, infosEnd: number): number {
  const end = from + messageAt;
  return infosEnd < end && chunk[infosEnd] !== 0 ? end : infosEnd;
}
