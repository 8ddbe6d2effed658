import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript-6";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package as a user gets it, as far as types go: package.json and declarations, in a folder of its own. */
export interface PackageFolder {
  readonly path: string;
  /** declarations of the public entries */
  readonly entries: readonly string[];
  remove(): void;
}

/** Written by the project's own compiler. */
export function writePackage(): PackageFolder {
  const path = mkdtempSync(join(tmpdir(), "vinverse-contract-"));
  cpSync(join(root, "package.json"), join(path, "package.json"));
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  emitDeclarations(root, path);
  return { path, entries: entriesOf(path), remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Declarations of the sources at `from`, below dist of `to`; fails with the compiler's words where the sources do not compile. */
export function emitDeclarations(from: string, to: string): void {
  const compiler = [join(from, "node_modules/typescript/bin/tsc"), "-p", join(from, "tsconfig.build.json")];
  const { status, stdout } = spawnSync(process.execPath, [...compiler, "--emitDeclarationOnly", "--outDir", join(to, "dist")], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stdout);
}

/** Declarations of the public entries of a package. */
export function entriesOf(path: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as {
    exports: Readonly<Record<string, { readonly types?: string }>>;
  };
  // data and package.json are exported too, and have no types
  return Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [join(path, types)]));
}

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
};

const parsed = new Map<string, ts.SourceFile>();

/** A program over these files. What they import is parsed once for all programs. */
export function programOf(files: readonly string[]): ts.Program {
  const host = ts.createCompilerHost(compilerOptions);
  const read = host.getSourceFile;
  host.getSourceFile = (name, ...how) => {
    const held = parsed.get(name) ?? read(name, ...how);
    if (held && name.endsWith(".d.ts")) parsed.set(name, held);
    return held;
  };
  return ts.createProgram([...files], compilerOptions, host);
}

/** What the compiler says of these files. */
export function compileErrors(files: readonly string[]): string[] {
  const program = programOf(files);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.split("/").at(-1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}
