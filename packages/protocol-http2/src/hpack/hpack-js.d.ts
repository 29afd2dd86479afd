/** The part of the npm package `hpack.js` that tests use as an oracle. */
declare module 'hpack.js' {
  interface Field {
    readonly name: string;
    readonly value: string;
    readonly neverIndex?: boolean;
  }
  interface Options {
    readonly table: { readonly maxSize: number };
  }
  interface Compressor {
    write(fields: readonly Field[]): void;
    updateTableSize(size: number): void;
    read(): Buffer | null;
  }
  interface Decompressor {
    write(block: Buffer): void;
    /** @param done is called with what went wrong, later */
    execute(done: (error: Error | null) => void): void;
    read(): Field | null;
  }
  const hpack: {
    readonly compressor: { create(options: Options): Compressor };
    readonly decompressor: { create(options: Options): Decompressor };
  };
  // biome-ignore lint/style/noDefaultExport: a CommonJS module
  export default hpack;
}
