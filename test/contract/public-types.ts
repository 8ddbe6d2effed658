import ts from "typescript-6";
import { programOf } from "./package-folder.ts";

/** A type that a public signature names, though no public entry exports it. */
export interface PrivateType {
  readonly name: string;
  /** file of the declaration, relative to the folder of the declarations */
  readonly file: string;
  /** the exported name whose signature names it */
  readonly namedBy: string;
}

/**
 * Every type declared below `folder` that the signature of an exported name mentions, and that no entry exports.
 * @param entries declaration files (.d.ts) of the public entries
 */
export function privateTypes(
  folder: string,
  entries: readonly string[],
): { readonly names: number; readonly found: readonly PrivateType[] } {
  const program = programOf(entries);
  const checker = program.getTypeChecker();
  const target = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const exported = new Map<ts.Symbol, string>();
  for (const entry of entries) {
    const source = program.getSourceFile(entry);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${entry} exports nothing`);
    for (const symbol of checker.getExportsOfModule(module)) exported.set(target(symbol), symbol.name);
  }
  const ours = `${folder}/`;
  const found = new Map<ts.Symbol, PrivateType>();
  for (const [symbol, namedBy] of exported) {
    for (const declaration of symbol.declarations ?? []) {
      if (!declaration.getSourceFile().fileName.startsWith(ours)) continue;
      visit(declaration, (name) => {
        const at = checker.getSymbolAtLocation(name);
        if (!at) return;
        const named = target(at);
        const where = named.declarations?.[0];
        const file = where?.getSourceFile().fileName;
        if (!where || !file?.startsWith(ours) || exported.has(named) || !isTopLevel(where)) return;
        if (!found.has(named)) found.set(named, { name: named.name, file: file.slice(ours.length), namedBy });
      });
    }
  }
  return { names: exported.size, found: [...found.values()].sort((a, b) => `${a.file} ${a.name}`.localeCompare(`${b.file} ${b.name}`)) };
}

/** Identifiers of types below a declaration; private members of a class are no part of its signature. */
function visit(node: ts.Node, onName: (name: ts.Identifier) => void): void {
  ts.forEachChild(node, function walk(child: ts.Node): void {
    if (ts.canHaveModifiers(child) && ts.getModifiers(child)?.some((m) => m.kind === ts.SyntaxKind.PrivateKeyword)) return;
    if (ts.isTypeReferenceNode(child)) onName(last(child.typeName));
    else if (ts.isTypeQueryNode(child)) onName(last(child.exprName));
    else if (ts.isImportTypeNode(child) && child.qualifier) onName(last(child.qualifier));
    else if (ts.isExpressionWithTypeArguments(child) && ts.isIdentifier(child.expression)) onName(child.expression);
    else if (ts.isTypePredicateNode(child) && ts.isIdentifier(child.parameterName)) onName(child.parameterName);
    ts.forEachChild(child, walk);
  });
}

const last = (name: ts.EntityName): ts.Identifier => (ts.isIdentifier(name) ? name : name.right);

/** A type parameter, a member or a parameter belongs to the declaration that holds it. */
const isTopLevel = (node: ts.Declaration): boolean =>
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isFunctionDeclaration(node) ||
  (ts.isVariableDeclaration(node) && ts.isVariableStatement(node.parent.parent));
