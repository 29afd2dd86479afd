import { type Bootstrap, hasErrors, messageOf, type PluginRegistry, parseBootstrap, ServiceCaller } from '@polywire/core';
import type { RegistryAdapter, RegistryContext } from '@polywire/core/spi';
import { type Command, Option } from 'commander';
import { builtInPlugins, type Configuration, loadConfiguration } from '../configuration.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import { writeProblems } from '../problem-output.ts';
import { styleFor, type Terminal } from '../terminal.ts';
import { warningLog } from '../warning-log.ts';

/** A bootstrap that leaves everything to its default. */
const DEFAULTS = 'listeners: [{ name: none, address: 127.0.0.1:0, protocols: [dubbo] }]';

/** Which registries a command looks into. */
export interface RegistryOptions {
  readonly config: string;
  readonly zookeeper?: string;
  readonly layout: readonly string[];
  readonly root: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
}

/** Adds the options that say which registries are meant. */
export function addRegistryOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'bootstrap file whose registries are read', 'polywire.yaml')
    .option('--zookeeper <address>', 'a ZooKeeper ensemble, instead of a bootstrap file: host:port[,host:port...][/chroot]')
    .addOption(
      new Option('--layout <name>', 'with --zookeeper: how providers are registered; repeat it for several')
        .argParser(list)
        .default([], 'dubbo and dubbo-application'),
    )
    .addOption(
      new Option('--root <[layout=]path>', "with --zookeeper: where a layout's tree is; repeat it for several")
        .argParser(list)
        .default([], 'where the frameworks write it'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long the first reading may take').argParser(parseDurationOption).default(10_000, '10s'),
    );
}

/** Registries that are not started, and what they share. */
export interface Registries {
  readonly adapters: readonly RegistryAdapter[];
  /** Once all of them have stopped. */
  close(): void;
}

/**
 * The registries that the options name.
 * @throws CliError when there are none
 */
export async function chooseRegistries(options: RegistryOptions, terminal: Terminal): Promise<Registries> {
  if (options.zookeeper !== undefined) return zooKeeper(options.zookeeper, options, terminal);
  return configuredRegistries(await validConfiguration(options, terminal), terminal);
}

/**
 * The bootstrap file that the options name.
 * @throws CliError when it is not valid, after its problems were written
 */
export async function validConfiguration(
  options: RegistryOptions,
  terminal: Terminal,
): Promise<Configuration & { readonly bootstrap: Bootstrap }> {
  if (options.layout.length + options.root.length > 0 && options.zookeeper === undefined) {
    throw new CliError('--layout and --root go with --zookeeper; a bootstrap file says both itself', EXIT.usage);
  }
  const { config } = options;
  const configuration = await loadConfiguration(config, terminal);
  const { bootstrap, problems, sources } = configuration;
  if (bootstrap === undefined || hasErrors(problems)) {
    writeProblems(terminal.stderr, problems, sources, styleFor(terminal.stderr, terminal.environment));
    throw new CliError(`${config} is not valid`, EXIT.refused);
  }
  return { ...configuration, bootstrap };
}

/**
 * The registries that a checked bootstrap names.
 * @throws CliError when it names none
 */
export function configuredRegistries(
  configuration: Configuration & { readonly bootstrap: Bootstrap },
  terminal: Pick<Terminal, 'stderr'>,
): Registries {
  const { file, bootstrap, plugins, directory } = configuration;
  if (bootstrap.registries.length === 0) throw new CliError(`${file} names no registry; --zookeeper host:port needs none`, EXIT.refused);
  const { context, close } = registryContext(plugins, bootstrap, directory, terminal);
  const adapters = bootstrap.registries.flatMap(({ type, config }) => plugins.registries.get(type)?.create(config, context) ?? []);
  return { adapters, close };
}

function zooKeeper(address: string, { layout, root }: RegistryOptions, terminal: Terminal): Registries {
  const plugins = builtInPlugins();
  const factory = plugins.registries.get('zookeeper');
  const { bootstrap } = parseBootstrap(DEFAULTS, 'defaults', {});
  if (factory === undefined || bootstrap === undefined) throw new CliError('this build has no ZooKeeper registry', EXIT.internal);
  const roots = Object.fromEntries(root.map(rootOption));
  const config = { address, ...(layout.length > 0 && { layouts: layout }), ...(root.length > 0 && { roots }) };
  const { context, close } = registryContext(plugins, bootstrap, terminal.workingDirectory, terminal);
  try {
    return { adapters: [factory.create(config, context)], close };
  } catch (error) {
    throw new CliError(messageOf(error), EXIT.usage, error);
  }
}

/** What a proxy would lend its registries, without the proxy. */
function registryContext(
  plugins: PluginRegistry,
  bootstrap: Bootstrap,
  directory: string,
  terminal: Pick<Terminal, 'stderr'>,
): { readonly context: RegistryContext; readonly close: () => void } {
  const caller = new ServiceCaller(plugins.protocols, bootstrap);
  const output = warningLog(terminal);
  const log: RegistryContext['log'] = (level, message, fields) => output[level](message, fields);
  return { context: { log, showsFaults: true, directory, call: caller.call }, close: () => caller.close() };
}

/** `motan=/rpc`, or a path alone for Dubbo's. */
function rootOption(text: string): [layout: string, path: string] {
  const mark = text.indexOf('=');
  return mark < 0 ? ['dubbo', text] : [text.slice(0, mark), text.slice(mark + 1)];
}

function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(',').map((part) => part.trim())];
}
