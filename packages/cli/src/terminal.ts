/** A stream that commands write to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Told when whoever reads the output is gone. */
  once?(event: 'close', listener: () => void): unknown;
}

/** What a command may use of the process it runs in; tests give their own. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly workingDirectory: string;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Marks text for a terminal; the identity where there is none. */
export type Style = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/** Colours only where a person looks: on a terminal, unless NO_COLOR (https://no-color.org) is set or TERM says it cannot. */
export function styleFor(output: Output, environment: Terminal['environment']): Style {
  const { NO_COLOR = '', TERM } = environment;
  const colours = output.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
  const mark = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    bold: mark(CODES.bold),
    dim: mark(CODES.dim),
    red: mark(CODES.red),
    green: mark(CODES.green),
    yellow: mark(CODES.yellow),
    cyan: mark(CODES.cyan),
  };
}

/** Columns padded to their widest cell, two spaces between them. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return cells.join('  ').trimEnd();
  });
}
