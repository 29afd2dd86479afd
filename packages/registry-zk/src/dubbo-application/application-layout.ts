import type { RegistryContext } from '@polywire/core/spi';
import { providerOf } from '../dubbo/provider.ts';
import { dubboService } from '../dubbo/service.ts';
import { serviceKey } from '../dubbo/service-key.ts';
import { logOther } from '../follow/child-reader.ts';
import type { AnnouncedService, Announcement, Layout, LeafReader } from '../follow/layout.ts';
import { withoutWarmUp } from '../warm-up.ts';
import { ApplicationReader } from './application-reader.ts';
import type { ApplicationInstance } from './instance.ts';
import type { ExportedService, MetadataSource } from './metadata.ts';
import { Revisions } from './revisions.ts';

/** What the layout works with. */
export interface ApplicationLayoutOptions {
  readonly root: string;
  readonly isRequired: boolean;
  readonly metadata: MetadataSource;
  /** How long an instance whose metadata were not there is not asked for again, in ms, at the longest. */
  readonly retryMs: number;
  /** How long a question may hold up everything else, in ms. */
  readonly patienceMs: number;
  /** Whether something is announced at this address in another way. */
  readonly isAnnounced: (address: string, port: number) => boolean;
  readonly log: RegistryContext['log'];
  /** Whether providers come to their shares as they wish; absent: they do. */
  readonly warmsUp?: boolean;
}

/** Dubbo by application: `/<root>/<application>/<host:port>`, and what each application has in its revision from elsewhere. */
export class ApplicationLayout implements Layout {
  readonly leaves = ['*'];
  readonly skipped: ReadonlySet<string> = new Set();
  readonly readsData = true;
  readonly root: string;
  readonly isRequired: boolean;
  readonly #options: ApplicationLayoutOptions;
  /** Instances whose services are not known and that nobody was told of, by path. */
  readonly #unknown = new Map<string, () => void>();
  /** Those that somebody was told of. */
  readonly #told = new WeakSet<ApplicationInstance>();
  #isSynced = false;

  constructor(options: ApplicationLayoutOptions) {
    this.root = options.root;
    this.isRequired = options.isRequired;
    this.#options = options;
  }

  reader([application = '']: readonly string[], path: string): LeafReader {
    const { metadata: source, retryMs, patienceMs, log } = this.#options;
    const services = new Map<string, AnnouncedService>();
    return new ApplicationReader({
      path,
      revisions: new Revisions({ application, source, retryMs, patienceMs }),
      announce: (instance, exported) => exported.flatMap((each) => announcement(instance, each, services, this.#options) ?? []),
      onOther: logOther(log, application, path),
      onUnknown: (instance, revision, reason) => this.#tellUnknown(application, instance, revision, reason),
    });
  }

  synced(): void {
    this.#isSynced = true;
    for (const tell of this.#unknown.values()) tell();
    this.#unknown.clear();
  }

  /** Not before everything is read: by then it is known whether the provider registered its services by interface, too. */
  #tellUnknown(application: string, instance: ApplicationInstance, revision: string, reason: string): void {
    if (this.#told.has(instance)) return;
    const tell = (): void => {
      this.#told.add(instance);
      const isAnnounced = [...instance.endpoints.values()].every((port) => this.#options.isAnnounced(instance.address, port));
      this.#options.log(
        isAnnounced ? 'debug' : 'warn',
        `held back instance ${instance.path}: nobody tells the services of ${application} in revision ${revision}: ${reason}; with dubbo.application.metadata-type=remote they are in ZooKeeper`,
      );
    };
    if (this.#isSynced) tell();
    else this.#unknown.set(instance.path, tell);
  }
}

/** As if it were registered by interface; undefined: no address, or of a protocol that nobody here speaks. */
function announcement(
  instance: ApplicationInstance,
  exported: ExportedService,
  services: Map<string, AnnouncedService>,
  { log, warmsUp = true }: ApplicationLayoutOptions,
): Announcement | undefined {
  const { name, protocol, path, parameters } = exported;
  const port = exported.port || instance.endpoints.get(protocol) || instance.endpoints.get('') || 0;
  const url = { protocol, host: instance.address, port, path, parameters: new Map([...parameters, ...instance.parameters]) };
  const provider = port === 0 ? ({ kind: 'ignored', reason: 'no port' } as const) : providerOf(url, name, instance.path);
  if (provider.kind !== 'provider') {
    log('debug', `ignored ${name} of instance ${instance.path}: ${provider.reason}`);
    return undefined;
  }
  const key = `${protocol} ${serviceKey(provider.identity)}`;
  const service = services.get(key) ?? dubboService(provider.identity, provider.protocol);
  services.set(key, service);
  return { service, endpoint: warmsUp ? provider.endpoint : withoutWarmUp(provider.endpoint), timestamp: provider.timestamp };
}
