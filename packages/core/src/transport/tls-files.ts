import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';

/** Files in PEM. A certificate may be followed by those between it and its CA; it comes with its key, or neither is there. */
export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** One certificate or several. */
  readonly ca?: string | undefined;
}

/** What the files hold. */
export interface TlsMaterial {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
  /** What will fail though the files fit together. */
  readonly warnings: readonly TlsFault[];
}

/** What is wrong with one of the files. */
export class TlsFault extends ConfigError {
  readonly which: keyof TlsFiles;

  constructor(which: keyof TlsFiles, message: string) {
    super(message);
    this.which = which;
  }

  static override [Symbol.hasInstance](value: unknown): value is TlsFault {
    return value instanceof ConfigError && 'which' in value;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * Reads the files and judges them: that they are there, that they hold what they should, and that the key is the certificate's.
 * @throws TlsFault
 */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const cert = read('cert', files);
  const key = read('key', files);
  const ca = read('ca', files);
  const warnings: TlsFault[] = [];
  const [leaf] = certificates('cert', files.cert, cert);
  const authorities = certificates('ca', files.ca, ca);
  if (leaf !== undefined && key !== undefined && !leaf.checkPrivateKey(privateKey(files.key, key))) {
    throw new TlsFault('key', `${files.key} is not the key of the certificate in ${files.cert}`);
  }
  if (leaf !== undefined) warnings.push(...datesOf('cert', files.cert, leaf));
  // Of several, one that is replaced may well be left in.
  if (authorities.length === 1) for (const authority of authorities) warnings.push(...datesOf('ca', files.ca, authority));
  return { cert, key, ca, warnings };
}

function read(which: keyof TlsFiles, files: TlsFiles): string | undefined {
  const file = files[which];
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TlsFault(which, `${file} cannot be read: ${readReason(cause)}`);
  }
}

function readReason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return code === 'EACCES' ? 'this user may not read it' : messageOf(cause);
}

function certificates(which: 'cert' | 'ca', file: string | undefined, text: string | undefined): X509Certificate[] {
  if (text === undefined) return [];
  const blocks = text.match(CERTIFICATE);
  if (blocks === null) throw new TlsFault(which, `${file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new TlsFault(which, `${file}: its certificate ${at + 1} of ${blocks.length} cannot be read: it is damaged`);
    }
  });
}

function privateKey(file: string | undefined, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const encrypted = text.includes('ENCRYPTED');
    const why = encrypted ? 'is encrypted, and there is no pass phrase for it: decrypt it' : `holds no private key in PEM`;
    throw new TlsFault('key', `${file} ${why}${encrypted ? '' : ` (${messageOf(cause)})`}`);
  }
}

function datesOf(which: 'cert' | 'ca', file: string | undefined, certificate: X509Certificate): TlsFault[] {
  const now = Date.now();
  if (Date.parse(certificate.validTo) < now) return [new TlsFault(which, `the certificate in ${file} expired on ${certificate.validTo}`)];
  if (Date.parse(certificate.validFrom) <= now) return [];
  return [new TlsFault(which, `the certificate in ${file} is not valid before ${certificate.validFrom}`)];
}
