import { readFileSync } from 'node:fs';
import { messageOf } from '@polywire/core';
import { Command, CommanderError, Option } from 'commander';
import { addDemo } from './commands/demo.ts';
import { addExplain } from './commands/explain.ts';
import { addRegistry } from './commands/registry.ts';
import { addRun } from './commands/run.ts';
import { addValidate } from './commands/validate.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { styleFor, type Terminal } from './terminal.ts';

const EXIT_CODES = `
Exit codes:
  0   done
  1   the configuration is invalid, or the request asked about would be refused
  2   the command line cannot be understood
  3   something outside did not answer, or not in time
  70  a fault of Polywire's own; --debug shows where`;

/** What a command does; registered with its options by the functions in commands/. */
export interface CommandHost {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Keeps what the process will exit with. */
  finish(code: ExitCode): void;
}

/**
 * Runs one command line.
 * @param args without the names of node and the script
 * @returns the exit code; never rejects
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('polywire');
  let exitCode: ExitCode = EXIT.ok;
  // Subcommands take these settings over when they are made, so they come first.
  program
    .exitOverride()
    // So that `explain --version 1.0.0` means a service's version.
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => terminal.stdout.write(text), writeErr: (text) => terminal.stderr.write(text) })
    .showHelpAfterError('(polywire --help lists the commands)')
    .description('One proxy for every RPC wire: routes Dubbo and other RPC protocols with the resources that Istio users write.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--debug', 'print the stack of an unexpected error')
    .addHelpText('after', EXIT_CODES);
  const host: CommandHost = {
    program,
    terminal,
    finish: (code) => {
      exitCode = code;
    },
  };
  for (const add of [addRun, addValidate, addExplain, addRegistry, addDemo]) add(host);
  for (const command of descendants(program)) {
    const name = command.parent === program ? command.name() : `${command.parent?.name()} ${command.name()}`;
    command.addOption(new Option('--debug').hideHelp()).showHelpAfterError(`(polywire ${name} --help lists the options)`);
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, terminal, args.includes('--debug'));
  }
}

function descendants(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => [one, ...descendants(one)]);
}

/** Version of this package. */
export function packageVersion(): string {
  const { version }: { readonly version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return version;
}

function report(error: unknown, terminal: Terminal, debug: boolean): number {
  // Commander has written its message, or the help or version that was asked for, before it throws.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { red, dim } = styleFor(terminal.stderr, terminal.environment);
  const message = messageOf(error);
  terminal.stderr.write(`${red('polywire:')} ${message}\n`);
  const expected = error instanceof CliError;
  if (debug && error instanceof Error) terminal.stderr.write(`${error.stack}\n`);
  else if (!expected) terminal.stderr.write(dim('run it again with --debug to see where this comes from\n'));
  return expected ? error.exitCode : EXIT.internal;
}
