/** The part of the npm package `hessian.js` that tests use as an oracle. */
declare module 'hessian.js' {
  export function encode(value: unknown, version: '2.0'): Buffer;
  export function decode(bytes: Buffer, version: '2.0'): unknown;
}
