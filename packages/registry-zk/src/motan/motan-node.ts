import { decodeNodeName, type NodeUrl, NodeUrlError, parseHostAndPort, parseUrl } from '../node-url.ts';

/** java.io.ObjectStreamConstants: magic and version, then a string of 16 or of 64 bits of length. */
const STREAM_MAGIC = 0xaced0005;
const TC_STRING = 0x74;
const TC_LONGSTRING = 0x7c;

/**
 * Reads a node of Motan's. Its data are the URL: as text, or, with the registry that is called `zookeeper`, as a string in Java's own
 * serialization. Without usable data the name is the address.
 * @throws NodeUrlError
 */
export function readMotanNode(name: string, data: Buffer): NodeUrl {
  const text = textOf(data);
  try {
    const url = parseUrl(text);
    // URL.toFullStr encodes the values one by one.
    return { ...url, parameters: new Map([...url.parameters].map(([key, value]) => [key, decodeNodeName(value)])) };
  } catch (error) {
    if (!(error instanceof NodeUrlError)) throw error;
    return { protocol: 'motan2', ...parseHostAndPort(name), path: '', parameters: new Map() };
  }
}

function textOf(data: Buffer): string {
  if (data.length < 7 || data.readUInt32BE(0) !== STREAM_MAGIC) return data.toString('utf8');
  const kind = data[4];
  if (kind === TC_STRING) return data.toString('utf8', 7, 7 + data.readUInt16BE(5));
  // Nothing is as long as the upper four of its eight bytes could say.
  if (kind === TC_LONGSTRING && data.length >= 13) return data.toString('utf8', 13, 13 + data.readUInt32BE(9));
  return '';
}
