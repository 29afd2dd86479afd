/** The part of the npm package `hessian.js` that tests use as an oracle. */
declare module 'hessian.js' {
  const hessian: {
    encode(value: unknown, version: '2.0'): Buffer;
    decode(bytes: Buffer, version: '2.0'): unknown;
  };
  export default hessian;
}
