/** Exit codes, the same for every command; docs/cli.md and the help list them. */
export const EXIT = {
  ok: 0,
  /** The configuration is invalid, the request asked about is refused, or what was compared differs. */
  refused: 1,
  /** The command line cannot be understood, or what it names to compare with. */
  usage: 2,
  /** Something outside did not answer, or not in time. */
  unreachable: 3,
  /** A fault of Polywire's own. */
  internal: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end with a message for people and no stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}
