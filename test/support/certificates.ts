import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './owner.ts';

/** A certificate and its key, in files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A CA of the openssl command, in a folder of its own. */
export class CertificateAuthority {
  /** Its certificate. */
  readonly file: string;
  readonly #folder: string;
  readonly #signer: readonly string[];
  #issued = 0;

  constructor(owner: Owner, name: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'polywire-ca-'));
    owner.after(() => rmSync(this.#folder, { recursive: true, force: true }));
    this.file = join(this.#folder, 'ca.pem');
    const key = join(this.#folder, 'ca.key');
    openssl('req', '-x509', ...ELLIPTIC, '-keyout', key, '-out', this.file, '-subj', `/CN=${name}`, '-days', '30');
    this.#signer = ['-CA', this.file, '-CAkey', key];
  }

  /** @param days until it expires; -1: it has */
  issue(name: string, names: string, days = 10): CertificateFiles {
    const path = (ending: string) => join(this.#folder, `${name}.${ending}`);
    const files = { cert: path('pem'), key: path('key') };
    openssl('req', '-new', ...ELLIPTIC, '-keyout', files.key, '-out', path('csr'), '-subj', `/CN=${name}`);
    writeFileSync(path('ext'), `subjectAltName=${names}\n`);
    const signed = ['-in', path('csr'), ...this.#signer, '-set_serial', String(++this.#issued), '-days', String(days)];
    openssl('x509', '-req', ...signed, '-out', files.cert, '-extfile', path('ext'));
    return files;
  }
}

/** A certificate for this machine, of a CA that nobody knows. */
export function localCertificate(owner: Owner): Certificate {
  const { cert, key } = new CertificateAuthority(owner, 'unknown').issue('localhost', 'DNS:localhost,IP:127.0.0.1');
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Puts a certificate and its key in the place of others, as a renewal does. */
export function renew(place: CertificateFiles, by: CertificateFiles): void {
  renameSync(by.key, place.key);
  renameSync(by.cert, place.cert);
}

/** Runs the openssl command to its end; what it says. @throws Error when it fails */
function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} ended with ${status}: ${stderr}`);
}

/** `false` when the openssl command is there, else the reason for a `skip`. */
export function requireOpenssl(): string | false {
  if (spawnSync('openssl', ['version']).status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error('needs the openssl command');
  return 'needs the openssl command';
}
