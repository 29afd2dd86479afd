import type { ThriftLanguage } from './build-thrift.ts';
import type { ThriftTransport, ThriftWire } from './thrift-peers.ts';

export const THRIFT_LANGUAGES: readonly ThriftLanguage[] = ['java', 'node', 'python', 'go'];

/** Versions of the libraries that the peers are made with. */
export const THRIFT_VERSIONS: Readonly<Record<ThriftLanguage, string>> = {
  java: '0.20.0',
  node: '0.24.0',
  python: '0.25.0',
  go: '0.18.1',
};

const ALL_WIRES: readonly ThriftWire[] = [
  ...(['unframed', 'framed'] as const).flatMap((transport) =>
    (['binary', 'binary-old', 'compact'] as const).flatMap((protocol) => [
      { transport, protocol },
      { transport, protocol, multiplexed: true },
    ]),
  ),
  { transport: 'framed', protocol: 'json' },
  ...(['binary', 'compact'] as const).flatMap((protocol) => [
    { transport: 'header', protocol } as const,
    { transport: 'header', protocol, multiplexed: true } as const,
    { transport: 'header', protocol, transforms: ['zlib'] } as const,
  ]),
];

const TRANSPORTS: Readonly<Record<ThriftLanguage, readonly ThriftTransport[]>> = {
  // libthrift has no THeader.
  java: ['unframed', 'framed'],
  node: ['unframed', 'framed', 'header'],
  python: ['unframed', 'framed', 'header'],
  go: ['unframed', 'framed', 'header'],
};

/** Every wire that the libraries of both languages have. */
export function wiresBetween(client: ThriftLanguage, server: ThriftLanguage): ThriftWire[] {
  return ALL_WIRES.filter((wire) => has(client, wire) && has(server, wire) && !(server === 'node' && isOldMultiplexed(wire)));
}

/**
 * Every wire that a codec can read, but for multiplexed ones, between languages that have it, so that each language calls on it
 * once and serves on it once, another language if there is one.
 */
export function eachOnBothSides(): { client: ThriftLanguage; server: ThriftLanguage; wire: ThriftWire }[] {
  const wires = ALL_WIRES.filter(({ protocol, multiplexed }) => protocol !== 'json' && multiplexed !== true);
  return wires.flatMap((wire, at) => {
    const able = THRIFT_LANGUAGES.filter((language) => has(language, wire));
    const step = 1 + (at % (able.length - 1));
    return able.map((client, i) => ({ client, server: able[(i + step) % able.length] ?? client, wire }));
  });
}

/** For example `framed compact multiplexed`. */
export function wireName({ transport, protocol, multiplexed, transforms = [] }: ThriftWire): string {
  return [transport, protocol, ...(multiplexed === true ? ['multiplexed'] : []), ...transforms].join(' ');
}

/** Whether a library has all that a wire asks for. */
export function has(language: ThriftLanguage, { transport, protocol, transforms = [] }: ThriftWire): boolean {
  // npm thrift has no transforms, and its JSON loses what follows an empty list in a map.
  const lacking = language === 'node' && (transforms.length > 0 || protocol === 'json');
  return !lacking && TRANSPORTS[language].includes(transport);
}

/** npm thrift reads the name of an old binary message as bytes, of which its multiplexing server makes nothing. */
function isOldMultiplexed({ protocol, multiplexed }: ThriftWire): boolean {
  return protocol === 'binary-old' && multiplexed === true;
}
