import type { Frame, FrameProtocol, NewFront } from '../protocol/spi.ts';
import { TrailerPatch } from './trailer-patch.ts';

/** The bytes of a frame that are at hand, with their new front. */
export function withFront(frame: Frame, { front, replaces }: NewFront): Buffer {
  return Buffer.concat([front, frame.chunk.subarray(frame.from + replaces, frame.to)]);
}

/** What corrects the checksum behind the rest of a large frame, whose front was patched. */
export function trailerOf<F extends Frame>(protocol: FrameProtocol<F>, front: F): TrailerPatch | undefined {
  const mask = protocol.integrity?.trailerMask(front);
  return mask === undefined ? undefined : new TrailerPatch(mask, front.length - (front.to - front.from));
}
