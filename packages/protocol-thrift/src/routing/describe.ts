import { COMPACT, HEADER, JSON_ID, type ThriftFrame, UNFRAMED } from '../frame.ts';

/** What `:transport` is. */
export function transportName({ transport }: ThriftFrame): string {
  if (transport === HEADER) return 'header';
  return transport === UNFRAMED ? 'unframed' : 'framed';
}

/** What `:encoding` is: of a message that was transformed, as its THeader says. */
export function encodingName({ encoding, opaque, protocolId }: ThriftFrame): string {
  if (encoding === COMPACT) return 'compact';
  return opaque !== undefined && protocolId === JSON_ID ? 'json' : 'binary';
}
