import { formatPosition, type Position, type Problem } from '../errors/config-error.ts';

/** Text of each file that was read, by the name that positions give it. */
export type SourceTexts = ReadonlyMap<string, string>;

/** Keys and indexes from the root of a document. */
export type Path = readonly (string | number)[];

/** `spec.http[0].match[1]`; `the document` for the root. */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the document';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** Whether any of them keeps the change from taking effect. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/**
 * `error mesh/a.yaml:12:7: unknown key "metod" in spec.http[0]. Did you mean "method"?`, followed by the source line and a caret below
 * the place when the file's text is at hand.
 */
export function formatProblem(problem: Problem, sources?: SourceTexts): string {
  const { severity, position } = problem;
  return `${severity}${position === undefined ? ':' : ''} ${describeProblem(problem, sources)}`;
}

/** As formatProblem, without the severity: for a log, whose level says it. */
export function describeProblem({ message, position }: Problem, sources: SourceTexts | undefined): string {
  if (position === undefined) return message;
  const head = `${formatPosition(position)}: ${message}`;
  const excerpt = sourceLine(position, sources?.get(position.file));
  return excerpt === undefined ? head : `${head}\n${excerpt}`;
}

function sourceLine(position: Position, text: string | undefined): string | undefined {
  if (text === undefined || position.line === 0) return undefined;
  const line = text.split('\n', position.line)[position.line - 1]?.trimEnd();
  if (line === undefined || line === '') return undefined;
  const number = String(position.line);
  // Tabs are kept under the caret's line so that the caret stands below its column in any terminal.
  const indent = line.slice(0, position.column - 1).replaceAll(/[^\t]/g, ' ');
  return `  ${number} | ${line}\n  ${' '.repeat(number.length)} | ${indent}^`;
}
