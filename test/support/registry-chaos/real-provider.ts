import type { Owner } from '../owner.ts';
import { Provider } from '../peers.ts';
import { freePort } from '../ports.ts';

/** Of all its interfaces. */
export const REAL_PACKAGE = 'io.polywire.peers.';

/** Dubbo itself, registered beside the others. */
export class RealProvider {
  readonly #owner: Owner;
  readonly #registry: string;
  #provider: Provider | undefined;

  private constructor(owner: Owner, registry: string) {
    this.#owner = owner;
    this.#registry = registry;
  }

  static async start(owner: Owner, registry: string): Promise<RealProvider> {
    const real = new RealProvider(owner, registry);
    await real.#start();
    return real;
  }

  /** Its nodes stay until its session runs out, beside those of the next. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#start();
  }

  async kill(): Promise<void> {
    await this.#provider?.kill();
  }

  async #start(): Promise<void> {
    const exports = [{ name: 'real', port: await freePort() }];
    this.#provider = await Provider.start(this.#owner, 'dubbo3', { registry: this.#registry, exports });
  }
}
