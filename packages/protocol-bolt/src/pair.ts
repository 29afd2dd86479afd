/** A header as SOFARPC's SimpleMapSerializer writes it: key and value, each behind its length in bytes as int32. */
export function pair(key: string, value: string): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  const out = Buffer.allocUnsafe(8 + keyBytes + valueBytes);
  out.writeInt32BE(keyBytes, 0);
  out.write(key, 4);
  out.writeInt32BE(valueBytes, 4 + keyBytes);
  out.write(value, 8 + keyBytes);
  return out;
}
