import type { RegistryAdapter, RegistryContext, ServiceEntry } from '@polywire/core/spi';
import { zookeeperFactory } from '../adapter.ts';
import { Recorder } from './recorder.ts';

/** What an adapter delivered. */
export type Delivery =
  | { readonly kind: 'upsert'; readonly host: string; readonly entry: ServiceEntry }
  | { readonly kind: 'remove'; readonly host: string }
  | { readonly kind: 'hold'; readonly host: string; readonly reason: string }
  | { readonly kind: 'unread'; readonly origin: string; readonly reason: string }
  | { readonly kind: 'readable'; readonly origin: string }
  | { readonly kind: 'synced' }
  | { readonly kind: 'stale'; readonly cause: Error };

export interface TestAdapter {
  readonly adapter: RegistryAdapter;
  readonly deliveries: Recorder<Delivery>;
  /** What is in force. */
  readonly entries: ReadonlyMap<string, ServiceEntry>;
  readonly log: string[];
  /** The same, with the registry that each line names. */
  readonly logged: Recorder<{ readonly message: string; readonly registry: unknown }>;
}

/** A started adapter with short times, but for its session: see `testClient`. */
export async function testAdapter(
  address: string,
  config: Readonly<Record<string, unknown>> = {},
  context: Pick<RegistryContext, 'showsFaults'> = {},
): Promise<TestAdapter> {
  const deliveries = new Recorder<Delivery>();
  const entries = new Map<string, ServiceEntry>();
  const log: string[] = [];
  const logged: TestAdapter['logged'] = new Recorder();
  const adapter = zookeeperFactory.create(
    { address, sessionTimeout: '15s', connectTimeout: '2s', deniedRetry: '200ms', ...config },
    {
      ...context,
      log: (level, message, fields) => {
        log.push(`${level}: ${message}`);
        logged.add({ message, registry: fields?.['registry'] });
      },
    },
  );
  await adapter.start({
    upsert(entry) {
      entries.set(entry.host, entry);
      deliveries.add({ kind: 'upsert', host: entry.host, entry });
    },
    remove(host) {
      entries.delete(host);
      deliveries.add({ kind: 'remove', host });
    },
    hold: (host, reason) => deliveries.add({ kind: 'hold', host, reason }),
    unread: (origin, reason) => deliveries.add({ kind: 'unread', origin, reason }),
    readable: (origin) => deliveries.add({ kind: 'readable', origin }),
    synced: () => deliveries.add({ kind: 'synced' }),
    stale: (cause) => deliveries.add({ kind: 'stale', cause }),
  });
  return { adapter, deliveries, entries, log, logged };
}
