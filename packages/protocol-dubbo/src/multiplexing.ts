import type { Multiplexing } from '@polywire/core/spi';
import { type DubboFrame, writeInt32 } from './frame.ts';

/** Ids are int64 of fixed width, patched in place. Ours fit the lower half. */
export const multiplexing: Multiplexing<DubboFrame> = {
  maxId: 0x7fffffff,
  assignId(request, id) {
    writeInt32(request.chunk, request.from + 4, 0);
    writeInt32(request.chunk, request.from + 8, id);
    return undefined;
  },
  assignedId: (response) => (response.idHigh === 0 && response.idLow > 0 ? response.idLow : undefined),
  restoreId(response, request) {
    writeInt32(response.chunk, response.from + 4, request.idHigh);
    writeInt32(response.chunk, response.from + 8, request.idLow);
    return undefined;
  },
};
