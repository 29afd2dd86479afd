/** The part of the npm package `sofa-hessian-node` that tests use to write values. */
declare module 'sofa-hessian-node' {
  interface Encoder {
    write(value: unknown): unknown;
    writeLong(value: number | string): unknown;
    writeDouble(value: number): unknown;
    get(): Buffer;
  }
  export const v3: { readonly Encoder: new () => Encoder };
}
