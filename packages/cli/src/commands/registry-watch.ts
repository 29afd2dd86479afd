import { resolve } from 'node:path';
import { leftOut, messageOf } from '@polywire/core';
import type { RegistryAdapter } from '@polywire/core/spi';
import { type Command, Option } from 'commander';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import type { CommandHost } from '../program.ts';
import { DirectoryKeeper } from '../registry/directory-keeper.ts';
import { eventAsJson, eventAsYaml, type RegistryEvent } from '../registry/events.ts';
import { RegistryFollower } from '../registry/follower.ts';
import { addRegistryOptions, chooseRegistries, type RegistryOptions } from '../registry/options.ts';
import { ServiceFiles } from '../registry/service-files.ts';
import { leftOutText, unreadText } from '../registry/warnings.ts';
import { styleFor, type Terminal } from '../terminal.ts';
import { untilSignal } from './run.ts';

interface WatchOptions extends RegistryOptions {
  readonly directory?: string;
  readonly output: 'yaml' | 'json';
  /** Milliseconds. */
  readonly debounce: number;
}

const EXAMPLES = `
Examples:
  polywire registry watch --zookeeper 127.0.0.1:2181
  polywire registry watch -c polywire.yaml --output json
  polywire registry watch -c polywire.yaml --directory mesh/services

Prints each service that changes as a whole resource, those of the first reading first. With --directory, one file for each service is
kept up to date instead, for kubectl apply --prune or a Git repository; files that it did not write are left alone, and while a registry
cannot be read no file is deleted. SIGTERM and SIGINT end it (exit 0). A registry that is away is tried again for ever.`;

/** Registers `polywire registry watch`. */
export function addRegistryWatch(registry: Command, { terminal, finish }: CommandHost): void {
  addRegistryOptions(registry.command('watch'))
    .description("follow registries and write Istio's ServiceEntry resources as they change")
    .option('--directory <folder>', 'keep one file for each service there')
    .addOption(new Option('--output <format>', 'what is printed').choices(['yaml', 'json']).default('yaml'))
    .addOption(
      new Option('--debounce <duration>', 'changes that come within it are written once')
        .argParser(parseDurationOption)
        .default(200, '200ms'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (options: WatchOptions) => {
      const stop = untilSignal();
      const readerGone = new Promise<void>((gone) => terminal.stdout.once?.('close', gone));
      const { adapters, close } = await chooseRegistries(options, terminal);
      const files = options.directory === undefined ? undefined : await openFiles(options.directory, adapters, options, terminal);
      const watch = new Watch(adapters, files, options, terminal);
      await Promise.race([watch.start(), stop, readerGone]);
      await Promise.race([stop, readerGone]);
      await watch.end();
      close();
      finish(EXIT.ok);
    });
}

/** The registries followed, and where what they say goes. */
class Watch {
  readonly #terminal: Terminal;
  readonly #options: WatchOptions;
  readonly #follower: RegistryFollower;
  readonly #keeper: DirectoryKeeper | undefined;
  /** Registries that were read whole. */
  readonly #read = new Set<string>();
  #firstReading: NodeJS.Timeout | undefined;

  constructor(adapters: readonly RegistryAdapter[], files: ServiceFiles | undefined, options: WatchOptions, terminal: Terminal) {
    this.#terminal = terminal;
    this.#options = options;
    this.#follower = new RegistryFollower(adapters, { debounceMs: options.debounce, onEvents: (events) => this.#take(events) });
    if (files === undefined) return;
    const say = (what: string) => (path: string) => {
      if (options.output === 'yaml') terminal.stdout.write(`${what} ${path}\n`);
    };
    const failed = (reason: string): unknown => terminal.stderr.write(`${this.#style.red('error')}: ${reason}\n`);
    this.#keeper = new DirectoryKeeper(files, this.#follower, { written: say('wrote'), deleted: say('deleted'), failed });
  }

  async start(): Promise<void> {
    this.#firstReading = setTimeout(() => this.#late(), this.#options.timeout);
    await this.#follower.start();
  }

  async end(): Promise<void> {
    clearTimeout(this.#firstReading);
    await this.#follower.stop();
    await this.#keeper?.finish();
  }

  get #style(): ReturnType<typeof styleFor> {
    return styleFor(this.#terminal.stderr, this.#terminal.environment);
  }

  #late(): void {
    for (const { name, reason } of this.#follower.unsynced) {
      const why = reason === undefined ? '' : `: ${reason}`;
      this.#warn(`${name} was not read within ${this.#options.timeout / 1000} s${why}; it is tried again`);
    }
    this.#follower.open();
  }

  #take(events: readonly RegistryEvent[]): void {
    const at = new Date();
    if (this.#follower.isSynced) clearTimeout(this.#firstReading);
    for (const event of events) {
      this.#remark(event);
      if (this.#options.output === 'json') this.#terminal.stdout.write(eventAsJson(event, at));
      else if (this.#keeper === undefined) this.#terminal.stdout.write(eventAsYaml(event, at));
    }
    this.#keeper?.take(events);
  }

  /** What people should know beside the resources. */
  #remark(event: RegistryEvent): void {
    if (event.event === 'added' || event.event === 'changed') {
      for (const reason of leftOut(event.entry)) this.#warn(leftOutText(event.host, reason));
    } else if (event.event === 'held') {
      this.#warn(`${event.host} could not be read (${event.reason}); what was known of it stays`);
    } else if (event.event === 'unread') {
      this.#warn(unreadText(event.origin, event.reason));
    } else if (event.event === 'stale') {
      const kept = this.#read.has(event.registry) ? 'what it announced stays, and ' : '';
      this.#warn(`${event.registry} is away: ${event.reason}; ${kept}it is tried again`);
    } else if (event.event === 'synced') {
      this.#read.add(event.registry);
      const count = [...this.#follower.hosts].length;
      this.#terminal.stderr.write(`${event.registry} is current: ${count} ${count === 1 ? 'service' : 'services'}\n`);
    }
  }

  #warn(text: string): void {
    this.#terminal.stderr.write(`${this.#style.yellow('warning')}: ${text}\n`);
  }
}

async function openFiles(
  directory: string,
  adapters: readonly RegistryAdapter[],
  { layout, root }: WatchOptions,
  terminal: Terminal,
): Promise<ServiceFiles> {
  const source = [...adapters.map(({ name }) => name), ...layout, ...root].join(', ');
  try {
    return await ServiceFiles.open(resolve(terminal.workingDirectory, directory), source);
  } catch (error) {
    throw new CliError(`${directory} cannot be written to: ${messageOf(error)}`, EXIT.refused, error);
  }
}
