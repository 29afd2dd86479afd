import { type Call, SERVICE, uint16, uint32 } from './raw-wire.ts';

// Parts of Dubbo's second protocol with Hessian 2, also for frames that no caller would write: org.apache.dubbo's ExchangeCodec and
// DubboCodec.

export const MAGIC = 0xdabb;

/** The flags byte, with Hessian 2 (2) as serialization where there is a body. */
export const FLAGS = {
  request: 0xc2,
  oneway: 0x82,
  response: 0x02,
  heartbeat: 0xe2,
  heartbeatAnswer: 0x22,
  /** A one-way event: "R" or "W". */
  event: 0xa2,
} as const;

/** Of the one argument. */
export const DESCRIPTORS = { bytes: '[B', text: 'Ljava/lang/String;' } as const;

/** The fixed header. `bodyBytes` is written as it is: it may lie. */
export function header(flags: number, status: number, id: Buffer, bodyBytes: number): Buffer {
  return Buffer.concat([uint16(MAGIC), Buffer.of(flags, status), id, uint32(bodyBytes)]);
}

export function frame(flags: number, status: number, id: Buffer, body: Buffer): Buffer {
  return Buffer.concat([header(flags, status, id, body.length), body]);
}

/** A Hessian 2 string of ASCII characters, at most 65,535 of them. */
export function text(value: string): Buffer {
  const { length } = value;
  const bytes = Buffer.from(value, 'latin1');
  if (length < 32) return Buffer.concat([Buffer.of(length), bytes]);
  if (length < 1024) return Buffer.concat([Buffer.of(0x30 + (length >> 8), length & 0xff), bytes]);
  return Buffer.concat([Buffer.from('S'), uint16(length), bytes]);
}

export function stringMap(entries: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(entries).flatMap(([key, value]) => [text(key), text(value)]);
  return Buffer.concat([Buffer.from('H'), ...pairs, Buffer.from('Z')]);
}

/** A request's body up to its one argument: what a proxy can route by before a large argument is here. */
export function requestFront({ service = SERVICE, method }: Pick<Call, 'service' | 'method'>, descriptor: string): Buffer {
  return Buffer.concat(['2.0.2', service, '0.0.0', method, descriptor].map(text));
}

/** A request's body with an argument that is a Hessian value already. */
export function requestBody(call: Omit<Call, 'body'>, descriptor: string, argument: Buffer): Buffer {
  const { service = SERVICE, headers } = call;
  return Buffer.concat([requestFront(call, descriptor), argument, stringMap({ ...headers, path: service, interface: service })]);
}
