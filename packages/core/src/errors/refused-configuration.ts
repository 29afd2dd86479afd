import { ConfigError, type Problem } from './config-error.ts';

/** A configuration that cannot be put in force. The message holds every problem, with excerpts. */
export class RefusedConfiguration extends ConfigError {
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[]) {
    super(message);
    this.problems = problems;
  }

  static override [Symbol.hasInstance](value: unknown): value is RefusedConfiguration {
    return value instanceof ConfigError && 'problems' in value;
  }
}
