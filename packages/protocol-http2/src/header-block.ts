import type { HeaderField } from '@polywire/core/spi';
import type { Malformed, RequestFacts, ResponseFacts } from './head.ts';

/** A decoded header block. A decoder hands out one object for equal bytes while its table stands, so what is found out of it can hang on it. */
export class HeaderBlock {
  /** In wire order, cookie crumbs apart. */
  readonly fields: readonly HeaderField[];
  /** Octets as SETTINGS_MAX_HEADER_LIST_SIZE counts them: RFC 9113, section 6.5.2. */
  readonly listBytes: number;
  /** The list is over the decoder's limit: its fields were dropped, its table is right. */
  readonly overLimit: boolean;
  /** What readRequest, readResponse and readTrailers once made of it. */
  request: RequestFacts | Malformed | undefined = undefined;
  response: ResponseFacts | Malformed | undefined = undefined;
  trailers: readonly HeaderField[] | Malformed | undefined = undefined;

  constructor(fields: readonly HeaderField[], listBytes: number, overLimit: boolean) {
    this.fields = fields;
    this.listBytes = listBytes;
    this.overLimit = overLimit;
  }
}
