import type { HeaderEdits } from '@polywire/core/spi';
import { checksumPiece } from './checksum.ts';
import { type BoltFrame, MAX_SHORT } from './frame.ts';
import { pair } from './pair.ts';
import { HeaderMap } from './routing/header-map.ts';

/** New bytes for [from, to) of a frame's chunk. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

/** A header with an edited name. */
interface Entry {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Where the length of the headers lies in front of the fixed header's end. */
const HEADERS_LENGTH_BYTES = 6;

/**
 * Changes headers by splicing bytes; the content is never touched. undefined when the frame cannot be edited: its headers are no map, or
 * would be longer than Java can read.
 */
export function edit(frame: BoltFrame, edits: HeaderEdits): readonly Buffer[] | undefined {
  const names = new Set([...edits.remove, ...edits.set.keys(), ...edits.add.keys()]);
  if (names.size === 0) return unchanged(frame);
  if (!isEditable(frame, names)) return undefined;
  const entries = locate(frame, names);
  if (entries === undefined) return undefined;
  const splices = planSplices(frame, entries, names, edits);
  if (splices.length === 0) return unchanged(frame);
  const headerBytes = frame.contentAt - frame.headersAt + growth(splices);
  return headerBytes > MAX_SHORT ? undefined : apply(frame, splices, headerBytes);
}

/** Pseudo-headers are not on the wire; heartbeats have no headers. */
function isEditable(frame: BoltFrame, names: ReadonlySet<string>): boolean {
  if (frame.defect !== undefined || !frame.whole) return false;
  if (frame.kind !== 'request' && frame.kind !== 'oneway' && frame.kind !== 'response') return false;
  for (const name of names) if (name === '' || name.startsWith(':')) return false;
  return true;
}

function unchanged(frame: BoltFrame): readonly Buffer[] {
  return [frame.chunk.subarray(frame.from, frame.to)];
}

function locate(frame: BoltFrame, names: ReadonlySet<string>): Entry[] | undefined {
  const { chunk } = frame;
  const map = new HeaderMap();
  const entries: Entry[] = [];
  map.begin(frame);
  while (map.next()) {
    const key = chunk.toString('utf8', map.keyAt, map.keyEnd);
    if (names.has(key))
      entries.push({ key, from: map.keyAt - 4, to: map.valueEnd, text: chunk.toString('utf8', map.valueAt, map.valueEnd) });
  }
  return map.broken ? undefined : entries;
}

function planSplices(frame: BoltFrame, entries: readonly Entry[], names: ReadonlySet<string>, edits: HeaderEdits): Splice[] {
  const splices: Splice[] = [];
  const pairs: Buffer[] = [];
  for (const name of names) {
    const same = entries.filter(({ key }) => key === name);
    const last = same.at(-1);
    const value = editedValue(name, last?.text, edits);
    if (last === undefined) {
      if (value !== undefined) pairs.push(pair(name, value));
    } else if (value === undefined) {
      splices.push(...same.map(({ from, to }) => ({ from, to, bytes: Buffer.alloc(0) })));
    } else if (value !== last.text) {
      // The last of equal keys is the one that Java's HashMap keeps.
      splices.push({ from: last.from, to: last.to, bytes: pair(name, value) });
    }
  }
  const end = frame.from + frame.contentAt;
  splices.sort((a, b) => a.from - b.from);
  if (pairs.length > 0) splices.push({ from: end, to: end, bytes: Buffer.concat(pairs) });
  return splices;
}

/** What a header holds after the edits, which apply in the order remove, set, add; undefined: nothing. */
function editedValue(name: string, before: string | undefined, edits: HeaderEdits): string | undefined {
  const kept = edits.remove.includes(name) ? undefined : before;
  const set = edits.set.get(name) ?? kept;
  const added = edits.add.get(name);
  if (added === undefined) return set;
  return set === undefined ? added : `${set},${added}`;
}

function growth(splices: readonly Splice[]): number {
  return splices.reduce((sum, { from, to, bytes }) => sum + bytes.length - (to - from), 0);
}

/** The frame as pieces. The received bytes stay as they are: a retry may need them. */
function apply(frame: BoltFrame, splices: readonly Splice[], headerBytes: number): readonly Buffer[] {
  const { chunk, from, classAt, contentEnd } = frame;
  const header = Buffer.from(chunk.subarray(from, from + classAt));
  header.writeUInt16BE(headerBytes, classAt - HEADERS_LENGTH_BYTES);
  const pieces: Buffer[] = [header];
  let at = from + classAt;
  for (const splice of splices) {
    if (splice.from > at) pieces.push(chunk.subarray(at, splice.from));
    if (splice.bytes.length > 0) pieces.push(splice.bytes);
    at = splice.to;
  }
  if (at < from + contentEnd) pieces.push(chunk.subarray(at, from + contentEnd));
  if (frame.checksummed) pieces.push(checksumPiece(pieces));
  return pieces;
}
