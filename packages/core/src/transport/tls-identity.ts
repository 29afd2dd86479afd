import { readTlsFiles, TlsFault, type TlsFiles, type TlsMaterial } from './tls-files.ts';

/** Certificates and keys as their files hold them now, or last held them well. */
export class TlsIdentity {
  readonly files: TlsFiles;
  #current: TlsMaterial | TlsFault;

  constructor(files: TlsFiles) {
    this.files = files;
    this.#current = read(files);
  }

  /** Another object after each change; a fault when the files were never good. */
  get current(): TlsMaterial | TlsFault {
    return this.#current;
  }

  /**
   * Reads the files again. What they held before stays in use when they cannot be used now.
   * @returns whether anything changed
   * @throws TlsFault
   */
  reload(): boolean {
    const read = readTlsFiles(this.files);
    if (!(this.#current instanceof TlsFault)) {
      const { cert, key, ca } = this.#current;
      if (read.cert === cert && read.key === key && read.ca === ca) return false;
    }
    this.#current = read;
    return true;
  }
}

function read(files: TlsFiles): TlsMaterial | TlsFault {
  try {
    return readTlsFiles(files);
  } catch (error) {
    if (error instanceof TlsFault) return error;
    throw error;
  }
}
