import type { HeaderEdits } from '@polywire/core/spi';
import type { DubboFrame } from './frame.ts';
import type { Serializations } from './serialization/index.ts';

/** Placeholder for a frame that is left as it is. */
export function edit(frame: DubboFrame, edits: HeaderEdits, serializations: Serializations): readonly Buffer[] | undefined {
  if (edits.remove.length + edits.set.size + edits.add.size === 0 && serializations.length > 0) {
    return [frame.chunk.subarray(frame.from, frame.to)];
  }
  return undefined;
}
