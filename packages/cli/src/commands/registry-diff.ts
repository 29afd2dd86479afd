import type { ServiceEntry } from '@polywire/core/spi';
import { type Command, Option } from 'commander';
import { builtInPlugins } from '../configuration.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { CommandHost } from '../program.ts';
import { type Comparison, compareEntries } from '../registry/compare.ts';
import { comparisonText } from '../registry/compare-output.ts';
import {
  addRegistryOptions,
  chooseRegistries,
  configuredRegistries,
  type Registries,
  type RegistryOptions,
  validConfiguration,
} from '../registry/options.ts';
import { type RegistryReading, readRegistry } from '../registry/read.ts';
import { readResourceFiles } from '../registry/resource-files.ts';
import { warnOfReadings } from '../registry/warnings.ts';
import { styleFor, type Terminal } from '../terminal.ts';

interface DiffOptions extends RegistryOptions {
  readonly output: 'text' | 'json';
}

const EXAMPLES = `
Examples:
  polywire registry diff services.yaml --zookeeper 127.0.0.1:2181
  polywire registry diff mesh/services -c polywire.yaml     every .yaml, .yml and .json of the folder
  kubectl get serviceentries -o yaml | polywire registry diff - --zookeeper 127.0.0.1:2181
  polywire registry diff -c polywire.yaml                   the resources of the bootstrap file

Tells what would change if the dump of the registries replaced what is there, and exits with
  0   there is no difference
  1   there is
  2   what is there cannot be read
  3   a registry, or a part of one, could not be read: what is not announced is not called removed`;

/** Registers `polywire registry diff`. */
export function addRegistryDiff(registry: Command, { terminal, finish }: CommandHost): void {
  addRegistryOptions(registry.command('diff').argument('[path]', 'a file, a folder, or - for standard input'))
    .description('compare resources that are there with what registries announce')
    .addOption(new Option('--output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (path: string | undefined, options: DiffOptions) => {
      const { there, registries } = await sides(path, options, terminal);
      const readings = await Promise.all(registries.adapters.map((adapter) => readRegistry(adapter, options.timeout)));
      registries.close();
      const entries = readings.flatMap((reading) => reading.entries);
      warnOfReadings(readings, [], terminal);
      const isWhole = readings.every(({ failure, unread }) => failure === undefined && unread.size === 0);
      // Of a registry that was not read in time, what did come may be a part of each service.
      if (readings.some(({ failure }) => failure !== undefined)) return finish(EXIT.unreachable);
      const held = new Set(readings.flatMap((reading) => [...reading.held.keys()]));
      const comparison = compareEntries(there, { entries, held, isWhole });
      print(comparison, readings, options, terminal);
      finish(exitCode(comparison, isWhole));
    });
}

/** What is there, and the registries. The files are read first: nobody waits for a registry to hear of a typing error. */
async function sides(
  path: string | undefined,
  options: DiffOptions,
  terminal: Terminal,
): Promise<{ there: readonly ServiceEntry[]; registries: Registries }> {
  if (path === undefined && options.zookeeper !== undefined) {
    throw new CliError('with --zookeeper, name the file, the folder or - to compare with', EXIT.usage);
  }
  if (options.zookeeper !== undefined && path !== undefined) {
    const there = await readResourceFiles(path, builtInPlugins(), terminal);
    return { there, registries: await chooseRegistries(options, terminal) };
  }
  const configuration = await validConfiguration(options, terminal);
  const { plugins, mesh } = configuration;
  const there = path === undefined ? (mesh?.resources.serviceEntries ?? []) : await readResourceFiles(path, plugins, terminal);
  return { there, registries: configuredRegistries(configuration, terminal) };
}

function exitCode({ services }: Comparison, isWhole: boolean): ExitCode {
  if (!isWhole) return EXIT.unreachable;
  return services.length === 0 ? EXIT.ok : EXIT.refused;
}

function print(comparison: Comparison, readings: readonly RegistryReading[], { output }: DiffOptions, terminal: Terminal): void {
  if (output === 'text') {
    terminal.stdout.write(comparisonText(comparison, styleFor(terminal.stdout, terminal.environment)));
    return;
  }
  const held = readings.flatMap((reading) => [...reading.held].map(([host, reason]) => ({ host, reason })));
  const unread = readings.flatMap((reading) => [...reading.unread].map(([origin, reason]) => ({ origin, reason })));
  const report = { different: comparison.services.length > 0, ...comparison, held, unread };
  terminal.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}
