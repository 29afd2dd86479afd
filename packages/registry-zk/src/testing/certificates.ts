import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A CA of the openssl command, and certificates signed by it, in a folder of its own. */
export class Certificates {
  readonly #dir = mkdtempSync(join(tmpdir(), 'polywire-zk-tls-'));

  constructor() {
    openssl('req', '-x509', ...KEY, '-keyout', this.#file('ca.key'), '-out', this.ca, '-subj', '/CN=ca', '-days', '2');
  }

  get ca(): string {
    return this.#file('ca.pem');
  }

  /** @param names subject alternative names, as openssl writes them */
  issue(name: string, names: string): { readonly cert: string; readonly key: string } {
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((ending) => this.#file(`${name}.${ending}`));
    if (cert === undefined || key === undefined || request === undefined || extensions === undefined) throw new Error('no file names');
    openssl('req', '-new', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const signer = ['-CA', this.ca, '-CAkey', this.#file('ca.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', request, ...signer, '-out', cert, '-days', '2', '-extfile', extensions);
    return { cert, key };
  }

  /** Lines of zoo.cfg for a server that speaks TLS on this port and asks clients for a certificate of the CA. */
  serverConfig(port: number, names: string): string[] {
    const { cert, key } = this.issue('server', names);
    const both = this.#file('server-both.pem');
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
    return [
      'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
      `secureClientPort=${port}`,
      'secureClientPortAddress=127.0.0.1',
      `ssl.keyStore.location=${both}`,
      `ssl.trustStore.location=${this.ca}`,
    ];
  }

  dispose(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.#dir, name);
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
