import { formatProblem, type Problem, type SourceTexts } from '@polywire/core';
import type { Output, Style } from './terminal.ts';

/** Problems for people: place, reason, source line and caret. */
export function writeProblems(output: Output, problems: readonly Problem[], sources: SourceTexts, style: Style): void {
  for (const problem of problems) {
    const text = formatProblem(problem, sources);
    const colour = problem.severity === 'error' ? style.red : style.yellow;
    output.write(`${text.replace(/^\w+/, (word) => colour(word))}\n`);
  }
}

/** Problems for programs. */
export function problemsAsJson(problems: readonly Problem[]): object[] {
  return problems.map(({ severity, message, position }) => ({
    severity,
    message,
    file: position?.file ?? null,
    line: position === undefined || position.line === 0 ? null : position.line,
    column: position === undefined || position.line === 0 ? null : position.column,
  }));
}

/** `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  return `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
}
