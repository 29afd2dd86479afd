import { type Bootstrap, hasErrors, messageOf, type PluginRegistry } from '@polywire/core';
import type { RegistryAdapter, RegistryContext } from '@polywire/core/spi';
import type { Command } from 'commander';
import { builtInPlugins, type Configuration, loadConfiguration } from '../configuration.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import { writeProblems } from '../problem-output.ts';
import { styleFor, type Terminal } from '../terminal.ts';

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
    .option('--layout <name>', 'with --zookeeper: how providers are registered (dubbo, sofarpc, ...); repeat for several', list, [])
    .option('--root <[layout=]path>', "with --zookeeper: where a layout's tree is, if not at its usual place; repeat for several", list, [])
    .option('--timeout <duration>', 'how long the first reading may take', parseDurationOption, 10_000);
}

/**
 * The registries that the options name, not started.
 * @throws CliError when there are none
 */
export async function chooseRegistries(options: RegistryOptions, terminal: Terminal): Promise<RegistryAdapter[]> {
  if (options.zookeeper !== undefined) return [zooKeeper(options.zookeeper, options)];
  return configuredRegistries(await validConfiguration(options, terminal));
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
 * The registries that a checked bootstrap names, not started.
 * @throws CliError when it names none
 */
export function configuredRegistries({
  file,
  bootstrap,
  plugins,
  directory,
}: Configuration & { readonly bootstrap: Bootstrap }): RegistryAdapter[] {
  if (bootstrap.registries.length === 0) throw new CliError(`${file} names no registry; --zookeeper host:port needs none`, EXIT.refused);
  return createRegistries({ bootstrap, plugins, directory });
}

/** What createRegistries is given. */
interface RegistriesSource {
  readonly bootstrap: Bootstrap;
  readonly plugins: PluginRegistry;
  /** The bootstrap file's. */
  readonly directory: string;
}

function createRegistries({ bootstrap, plugins, directory }: RegistriesSource): RegistryAdapter[] {
  const context: RegistryContext = { log: () => undefined, directory };
  return bootstrap.registries.flatMap(({ type, config }) => plugins.registries.get(type)?.create(config, context) ?? []);
}

function zooKeeper(address: string, { layout, root }: RegistryOptions): RegistryAdapter {
  const factory = builtInPlugins().registries.get('zookeeper');
  if (factory === undefined) throw new CliError('this build has no ZooKeeper registry', EXIT.internal);
  const roots = Object.fromEntries(root.map(rootOption));
  const config = { address, ...(layout.length > 0 && { layouts: layout }), ...(root.length > 0 && { roots }) };
  try {
    return factory.create(config, { log: () => undefined });
  } catch (error) {
    throw new CliError(messageOf(error), EXIT.usage, error);
  }
}

/** `motan=/rpc`, or a path alone for Dubbo's. */
function rootOption(text: string): [layout: string, path: string] {
  const mark = text.indexOf('=');
  return mark < 0 ? ['dubbo', text] : [text.slice(0, mark), text.slice(mark + 1)];
}

function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(',').map((part) => part.trim())];
}
