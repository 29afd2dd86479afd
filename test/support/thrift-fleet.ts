import type { ThriftLanguage } from './build-thrift.ts';
import type { Owner } from './owner.ts';
import { ThriftConsumer, type ThriftExport, ThriftProvider } from './thrift-peers.ts';
import { THRIFT_LANGUAGES } from './thrift-wires.ts';

/** A provider in each language that exports something, and a consumer in each language that calls. */
export class ThriftFleet {
  readonly #providers: ReadonlyMap<ThriftLanguage, ThriftProvider>;
  readonly #consumers: ReadonlyMap<ThriftLanguage, ThriftConsumer>;

  private constructor(providers: ReadonlyMap<ThriftLanguage, ThriftProvider>, consumers: ReadonlyMap<ThriftLanguage, ThriftConsumer>) {
    this.#providers = providers;
    this.#consumers = consumers;
  }

  static async start(
    owner: Owner,
    callers: readonly ThriftLanguage[],
    exports: Partial<Readonly<Record<ThriftLanguage, readonly ThriftExport[]>>>,
  ): Promise<ThriftFleet> {
    const providers = new Map<ThriftLanguage, ThriftProvider>();
    const consumers = new Map<ThriftLanguage, ThriftConsumer>();
    await Promise.all([
      ...THRIFT_LANGUAGES.map(async (language) => {
        const own = exports[language];
        if (own !== undefined) providers.set(language, await ThriftProvider.start(owner, language, own));
      }),
      ...callers.map(async (language) => consumers.set(language, await ThriftConsumer.start(owner, language))),
    ]);
    return new ThriftFleet(providers, consumers);
  }

  provider(language: ThriftLanguage): ThriftProvider {
    return found(this.#providers, language);
  }

  consumer(language: ThriftLanguage): ThriftConsumer {
    return found(this.#consumers, language);
  }
}

function found<Peer>(peers: ReadonlyMap<ThriftLanguage, Peer>, language: ThriftLanguage): Peer {
  const peer = peers.get(language);
  if (peer === undefined) throw new Error(`no peer in ${language}`);
  return peer;
}
