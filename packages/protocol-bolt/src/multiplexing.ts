import type { Multiplexing } from '@polywire/core/spi';
import { seal } from './checksum.ts';
import { type BoltFrame, idAt, writeInt32 } from './frame.ts';

/** Ids are int32 of fixed width, patched in place. Callers use all of them, ours are the positive ones. */
export const multiplexing: Multiplexing<BoltFrame> = {
  maxId: 0x7fffffff,
  assignId(request, id) {
    writeId(request, id);
    return undefined;
  },
  assignedId: (response) => (response.id > 0 ? response.id : undefined),
  restoreId(response, request) {
    writeId(response, request.id);
    return undefined;
  },
};

function writeId(frame: BoltFrame, id: number): void {
  writeInt32(frame.chunk, frame.from + idAt(frame), id);
  seal(frame);
}
