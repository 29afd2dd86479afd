/** By its first letter: milliseconds. gRPC's PROTOCOL-HTTP2.md. */
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
]);
/** gRPC allows eight digits. Dubbo's Triple clients write any number of milliseconds. */
const TIMEOUT = /^([0-9]{1,15})([HMSmun])$/;
/** What timers can hold: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
const MOST_MILLIS = 99_999_999;
/** In characters: header lists of 8 KiB are what clients take by default. */
const LONGEST_MESSAGE = 1024;
/** Of a character that was cut. */
const HALF = /\p{Cs}$/u;

/** gRPC's own content types. gRPC-Web's put the status into the body. */
const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/i;

export function isGrpc(contentType: string): boolean {
  return CONTENT_TYPE.test(contentType);
}

/** Milliseconds of a grpc-timeout, at least 1; 0 when it cannot be read. */
export function readTimeout(value: string): number {
  const match = TIMEOUT.exec(value);
  const unit = UNIT_MS.get(match?.[2] ?? '');
  if (unit === undefined) return 0;
  return Math.min(LONGEST_MS, Math.max(1, Math.ceil(Number(match?.[1]) * unit)));
}

/** A grpc-timeout of as many milliseconds, or of the seconds in them when eight digits do not hold those. */
export function formatTimeout(ms: number): string {
  const whole = Math.max(1, Math.floor(ms));
  return whole <= MOST_MILLIS ? `${whole}m` : `${Math.floor(whole / 1000)}S`;
}

/** A text as grpc-message: UTF-8, with percent signs and all but visible ASCII and blanks encoded by percent signs. */
export function encodeMessage(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text.slice(0, LONGEST_MESSAGE).replace(HALF, '').trim())) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The text of a grpc-message. Total: what is not encoded as it should be stands for itself. */
export function decodeMessage(value: string): string {
  const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
