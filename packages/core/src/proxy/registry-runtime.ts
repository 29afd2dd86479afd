import { resolve } from 'node:path';
import type { RegistryConfig } from '../config/bootstrap-model.ts';
import type { Log } from '../observe/log.ts';
import { GuardedSink } from '../registry/guarded-sink.ts';
import { foreignFault } from '../registry/known-good-owner.ts';
import { readKnownGood } from '../registry/known-good-reader.ts';
import { RecordingSink, RestoringSink } from '../registry/known-good-sinks.ts';
import type { RegistryAdapter, ServiceEntrySink } from '../registry/registry.ts';
import type { EntrySource, ServiceEntryStore } from '../registry/service-entry-store.ts';

/** What a configured registry is put together from. */
export interface RegistryRuntimeOptions {
  readonly adapter: RegistryAdapter;
  readonly config: RegistryConfig;
  readonly store: ServiceEntryStore;
  /** Absolute; what the file of last known services is relative to. */
  readonly directory: string;
  readonly log: Log;
}

/** One registry of the bootstrap: its adapter, and what core puts between that and the store. Nothing is, unless the bootstrap says so. */
export class RegistryRuntime {
  readonly name: string;
  readonly #options: RegistryRuntimeOptions;
  #source: EntrySource | undefined = undefined;
  #guard: GuardedSink | undefined = undefined;
  #recording: RecordingSink | undefined = undefined;
  #restoring: RestoringSink | undefined = undefined;

  constructor(options: RegistryRuntimeOptions) {
    this.#options = options;
    this.name = options.adapter.name;
  }

  /** Services of it are known, be it those of before the start. */
  get isReady(): boolean {
    return this.#source !== undefined && this.#source.state !== 'starting';
  }

  /** It has answered, or said that it cannot. */
  get hasAnswered(): boolean {
    return this.#restoring?.hasAnswered ?? this.isReady;
  }

  /** undefined: it is not guarded. */
  get guard(): Pick<GuardedSink, 'begun' | 'kept'> | undefined {
    return this.#guard;
  }

  /** Starts the adapter, behind everything that was known of it before. */
  async start(): Promise<void> {
    const { adapter, config, log } = this.#options;
    const file = this.#ownFile();
    let sink: ServiceEntrySink = this.#open();
    if (file !== undefined) {
      const warn = (message: string, fields: Readonly<Record<string, unknown>>) => log.warn(message, { registry: this.name, ...fields });
      this.#recording = new RecordingSink(sink, { file, registry: this.name, warn });
      sink = this.#recording;
    }
    if (config.guard !== undefined) {
      const say = (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) =>
        log[level](message, { registry: this.name, ...fields });
      this.#guard = new GuardedSink(sink, config.guard, this.name, say);
      sink = this.#guard;
    }
    if (file !== undefined) sink = await this.#restore(sink, file);
    await adapter.start(sink);
  }

  /** Starts the adapter alone, for commands that show what it says. */
  async read(): Promise<void> {
    await this.#options.adapter.start(this.#open());
  }

  /** Resolves when what is to be remembered is on the disk. */
  async stop(): Promise<void> {
    try {
      await this.#options.adapter.stop();
    } finally {
      this.#restoring?.close();
      this.#guard?.close();
      await this.#recording?.close();
    }
  }

  /** Where services are remembered; undefined: nowhere. A file that somebody else made is not touched. */
  #ownFile(): string | undefined {
    const { config, directory, log } = this.#options;
    if (config.lastKnownGood === undefined) return undefined;
    const file = resolve(directory, config.lastKnownGood);
    const fault = foreignFault(file);
    if (fault === undefined) return file;
    const advice = 'name another file in lastKnownGood, or move this one away and start again';
    log.error(`${file} is neither used nor written to: ${fault}; ${advice}`, { registry: this.name });
    return undefined;
  }

  #open(): EntrySource {
    const { adapter, store } = this.#options;
    this.#source = store.source({ name: this.name, exactIdentity: true, session: () => adapter.session });
    return this.#source;
  }

  async #restore(sink: ServiceEntrySink, file: string): Promise<ServiceEntrySink> {
    const { log } = this.#options;
    const restoring = new RestoringSink(sink);
    const known = await readKnownGood(file, this.name, (message) => log.warn(message, { registry: this.name }));
    if (known === undefined) return restoring;
    const time = new Date(known.time).toISOString();
    const age = Math.max(0, Math.round((Date.now() - known.time) / 1000));
    log.info('services of before the start are in force until the registry has been read', {
      registry: this.name,
      file,
      written: time,
      services: known.entries.length,
    });
    await restoring.restore(known, `in force is what ${file} says of ${time}, ${age} s before the start`);
    this.#restoring = restoring;
    return restoring;
  }
}
