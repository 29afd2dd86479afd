import { hasErrors } from '@polywire/core';
import type { RegistryAdapter } from '@polywire/core/spi';
import { builtInPlugins, type Configuration, loadConfiguration } from '../configuration.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import { writeProblems } from '../problem-output.ts';
import type { CommandHost } from '../program.ts';
import { readRegistry } from '../registry-read.ts';
import { toIstioYaml } from '../service-entry-yaml.ts';
import { styleFor, type Terminal } from '../terminal.ts';

interface DumpOptions {
  readonly config: string;
  readonly zookeeper?: string;
  readonly timeout: number;
}

const EXAMPLES = `
Examples:
  polywire registry dump --zookeeper 127.0.0.1:2181
  polywire registry dump -c polywire.yaml > services.yaml
  polywire registry dump --zookeeper zk1:2181,zk2:2181 --timeout 30s

The registries are read once. What was read in time is printed even when the rest was not (exit 3).`;

/** Registers `polywire registry dump`. */
export function addRegistry({ program, terminal, finish }: CommandHost): void {
  const registry = program.command('registry').description('look into service registries');
  registry
    .command('dump')
    .description("print what registries announce as Istio's ServiceEntry resources")
    .option('-c, --config <file>', 'bootstrap file whose registries are read', 'polywire.yaml')
    .option('--zookeeper <servers>', 'a ZooKeeper ensemble, instead of a bootstrap file: host:port[,host:port...]')
    .option('--timeout <duration>', 'how long a registry may take', parseDurationOption, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (options: DumpOptions) => {
      const adapters = options.zookeeper === undefined ? await configured(options.config, terminal) : [zooKeeper(options.zookeeper)];
      const readings = await Promise.all(adapters.map((adapter) => readRegistry(adapter, options.timeout)));
      terminal.stdout.write(toIstioYaml(readings.flatMap(({ entries }) => entries)));
      const { red, yellow } = styleFor(terminal.stderr, terminal.environment);
      for (const { failure, held } of readings) {
        for (const [host, reason] of held) terminal.stderr.write(`${yellow('warning')}: ${host} could not be read (${reason})\n`);
        if (failure !== undefined) terminal.stderr.write(`${red('error')}: ${failure}\n`);
      }
      finish(readings.some(({ failure }) => failure !== undefined) ? EXIT.unreachable : EXIT.ok);
    });
}

async function configured(file: string, terminal: Terminal): Promise<RegistryAdapter[]> {
  const configuration = await loadConfiguration(file, terminal);
  const { bootstrap, problems, sources } = configuration;
  if (bootstrap === undefined || hasErrors(problems)) {
    writeProblems(terminal.stderr, problems, sources, styleFor(terminal.stderr, terminal.environment));
    throw new CliError(`${file} is not valid`, EXIT.refused);
  }
  if (bootstrap.registries.length === 0) throw new CliError(`${file} names no registry; --zookeeper host:port needs none`, EXIT.refused);
  return bootstrap.registries.map(({ type, config }) => create(configuration.plugins, type, config));
}

function zooKeeper(servers: string): RegistryAdapter {
  return create(builtInPlugins(), 'zookeeper', { servers });
}

function create(plugins: Configuration['plugins'], type: string, config: Readonly<Record<string, unknown>>): RegistryAdapter {
  const factory = plugins.registries.get(type);
  if (factory === undefined) throw new CliError(`no plugin brings the registry type "${type}"`, EXIT.refused);
  try {
    return factory.create(config, { log: () => undefined });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), EXIT.refused, error);
  }
}
