/** A header block that cannot be decoded. The table is out of step with the peer's from here on: a connection error COMPRESSION_ERROR. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
