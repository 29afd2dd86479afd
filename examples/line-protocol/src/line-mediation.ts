import type { HeaderEdits, LocalReply } from '@polywire/core/spi';
import { HeaderWalk, type LineFrame } from './line-frame.ts';
import { isHeaderName } from './line-routing.ts';

/** Level 4: the line with other headers. Every other byte, the body's too, is the sender's. */
export function editLine(frame: LineFrame, edits: HeaderEdits): readonly Buffer[] | undefined {
  const { chunk, from, to, methodEnd, headEnd, kind, defect } = frame;
  if ((kind !== 'request' && kind !== 'oneway') || defect !== undefined) return undefined;
  if (![...edits.set.keys(), ...edits.add.keys()].every(isHeaderName)) return undefined;
  // Headers that are set or added and are not in the line yet.
  const missing = new Map(edits.set);
  for (const [name, value] of edits.add) missing.set(name, missing.has(name) ? `${missing.get(name)},${value}` : value);
  const pieces = [chunk.subarray(from, from + methodEnd)];
  for (const walk = new HeaderWalk(frame); walk.next(); ) {
    const written = chunk.subarray(walk.from - 1, walk.to);
    const name = chunk.toString('utf8', walk.from, walk.equals);
    if (walk.equals === walk.to) pieces.push(written);
    else if (edits.set.has(name) || edits.remove.includes(name)) continue;
    else if (edits.add.has(name) && missing.delete(name)) pieces.push(written, Buffer.from(`,${encoded(edits.add.get(name) ?? '')}`));
    else pieces.push(written);
  }
  for (const [name, value] of missing) pieces.push(Buffer.from(` ${name}=${encoded(value)}`));
  pieces.push(chunk.subarray(from + headEnd, to));
  return pieces;
}

/** Level 4: the proxy's own answer. */
export function localReply(_request: LineFrame, { reason, message }: LocalReply): Buffer {
  // Whatever could end the line becomes a space.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get into a line
  return Buffer.from(`ERR ${reason} ${message.replace(/[\u0000-\u001f]/g, ' ')}\n`);
}

/** Percent-encoded; half a surrogate pair becomes U+FFFD on its way through bytes. */
function encoded(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString());
}
