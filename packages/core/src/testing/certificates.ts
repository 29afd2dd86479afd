import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A certificate and its key, in files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** As openssl writes subject alternative names: `DNS:a.test,IP:127.0.0.1,URI:spiffe://a/b`. */
  readonly names?: string;
  /** Days from now until it expires; -1: it has expired. */
  readonly days?: number;
}

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A CA made by the openssl command, in a folder that ends with the test. */
export class CertificateAuthority {
  readonly directory: string;
  readonly files: CertificateFiles;
  #issued = 0;

  constructor(t: Pick<TestContext, 'after'>, name = 'ca') {
    this.directory = mkdtempSync(join(tmpdir(), 'polywire-tls-'));
    t.after(() => rmSync(this.directory, { recursive: true, force: true }));
    this.files = { cert: this.path(`${name}.pem`), key: this.path(`${name}.key`) };
    const { cert, key } = this.files;
    openssl('req', '-x509', ...ELLIPTIC, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '30');
  }

  get pem(): string {
    return readFileSync(this.files.cert, 'utf8');
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  issue(name: string, { names = 'DNS:localhost,IP:127.0.0.1', days = 10 }: CertificateOptions = {}): CertificateFiles {
    const files = { cert: this.path(`${name}.pem`), key: this.path(`${name}.key`) };
    const request = this.path(`${name}.csr`);
    const extensions = this.path(`${name}.ext`);
    openssl('req', '-new', ...ELLIPTIC, '-keyout', files.key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const signer = ['-CA', this.files.cert, '-CAkey', this.files.key, '-set_serial', String(++this.#issued)];
    openssl('x509', '-req', '-in', request, ...signer, '-out', files.cert, '-days', String(days), '-extfile', extensions);
    return files;
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
