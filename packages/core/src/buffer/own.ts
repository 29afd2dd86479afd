/**
 * Bytes that will wait: a small part of a received chunk is copied, so that it does not keep the whole chunk (64 KiB, mostly other
 * people's frames) alive as long as it waits. A large part is given back as a view.
 */
export function own(chunk: Buffer, from: number, to: number): Buffer {
  const part = chunk.subarray(from, to);
  if (part.length * 2 > chunk.length) return part;
  const copy = Buffer.allocUnsafeSlow(part.length);
  part.copy(copy);
  return copy;
}
