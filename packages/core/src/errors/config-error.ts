/** A place in a file, for messages that end in `file:line:column`. Lines and columns count from 1; 0 when the place is a whole file. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `mesh/routes.yaml:12:7`, or the file alone when no line is known. */
export function formatPosition(position: Position): string {
  return position.line === 0 ? position.file : `${position.file}:${position.line}:${position.column}`;
}

/**
 * One thing wrong with a configuration. An error keeps the whole change from taking effect; a warning names what is ignored without
 * changing where traffic goes.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly position: Position | undefined;
}

/** Thrown by look-up compilers and config parsers of plugins; core adds the position of the text that asked. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** By name: a plugin that brings its own copy of core throws the class of that copy, which means the same. */
  static override [Symbol.hasInstance](value: unknown): value is ConfigError {
    return value instanceof Error && value.name === 'ConfigError';
  }
}
