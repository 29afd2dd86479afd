import { dumpEntries, hasErrors, messageOf } from '@polywire/core';
import type { RegistryAdapter } from '@polywire/core/spi';
import { builtInPlugins, loadConfiguration } from '../configuration.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import { writeProblems } from '../problem-output.ts';
import type { CommandHost } from '../program.ts';
import { createRegistries, readRegistry } from '../registry-read.ts';
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
    .option('--zookeeper <address>', 'a ZooKeeper ensemble, instead of a bootstrap file: host:port[,host:port...][/chroot]')
    .option('--timeout <duration>', 'how long a registry may take', parseDurationOption, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (options: DumpOptions) => {
      const adapters = options.zookeeper === undefined ? await configured(options.config, terminal) : [zooKeeper(options.zookeeper)];
      const readings = await Promise.all(adapters.map((adapter) => readRegistry(adapter, options.timeout)));
      terminal.stdout.write(dumpEntries(readings.flatMap(({ entries }) => entries)));
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
  return createRegistries(configuration);
}

function zooKeeper(address: string): RegistryAdapter {
  const factory = builtInPlugins().registries.get('zookeeper');
  if (factory === undefined) throw new CliError('this build has no ZooKeeper registry', EXIT.internal);
  try {
    return factory.create({ address }, { log: () => undefined });
  } catch (error) {
    throw new CliError(messageOf(error), EXIT.refused, error);
  }
}
