export { RefusalError } from "../../base/refusal-error.ts";

/** The command was called wrongly: exit 2. Everything else that goes wrong is exit 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** What is told of a failure: on stderr in a sentence, with `--json` as `error` on stdout. */
export interface Failure {
  readonly name: string;
  /** One sentence without a full stop. */
  readonly message: string;
  readonly exitCode: number;
  /** Foreseen: the message says what is wrong, and a stack would add nothing. */
  readonly expected: boolean;
  readonly file?: string;
  readonly field?: string;
  readonly fix?: string;
}

const systemProblems: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be accessed",
  EPERM: "may not be changed",
  EISDIR: "is a folder",
  ENOTDIR: "is not a folder",
  ENOSPC: "could not be written: the disk is full",
  EROFS: "lies on a read-only disk",
};

export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: oneSentence(String(error)), exitCode: exitCodes.failed, expected: false };
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined && code in systemProblems) {
    return { name: error.name, message: `${path} ${systemProblems[code]}`, file: path, exitCode: exitCodes.failed, expected: true };
  }
  const details = error as { readonly file?: unknown; readonly field?: unknown; readonly fix?: unknown };
  return {
    name: error.name,
    message: oneSentence(error.message),
    exitCode: error instanceof UsageError ? exitCodes.usage : exitCodes.failed,
    // The project's own errors have names of their own; the language's are bugs until shown otherwise.
    expected: !nativeErrors.has(error.name),
    ...text("file", details.file),
    ...text("field", details.field),
    ...text("fix", details.fix),
  };
}

const nativeErrors = new Set([
  "Error",
  "TypeError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "EvalError",
  "URIError",
  "AggregateError",
]);

function text<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === "string" ? ({ [key]: value } as Record<K, string>) : {};
}

function oneSentence(message: string): string {
  return message
    .trim()
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
