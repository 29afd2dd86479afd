import type { Multiplexing } from '@polywire/core/spi';
import { patch } from './checksum.ts';
import { type BoltFrame, idAt } from './frame.ts';

/** Ids are int32 of fixed width, patched in place. Callers use all of them, ours are the positive ones. */
export const multiplexing: Multiplexing<BoltFrame> = {
  maxId: 0x7fffffff,
  assignId(request, id) {
    patch(request, idAt(request), id);
    return undefined;
  },
  assignedId: (response) => (response.id > 0 ? response.id : undefined),
  restoreId(response, request) {
    patch(response, idAt(response), request.id);
    return undefined;
  },
};
