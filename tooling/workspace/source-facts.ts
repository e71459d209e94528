import ts from 'typescript';
import type { TextFile } from './members.js';

/** A module that a file names in an import, a re-export or a dynamic import. */
export interface ImportFact {
  readonly specifier: string;
  /** Whether it is erased at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** What the checks want to know of a source file. Lines count from 1. */
export interface SourceFacts {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportFact[];
  /** Lines of `export default`. */
  readonly defaultExports: readonly number[];
  /** Lines of `let` or `var` outside functions and classes. */
  readonly moduleVariables: readonly number[];
}

function isTypeOnlyImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function isTypeOnlyExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true;
  const clause = node.exportClause;
  return !!clause && ts.isNamedExports(clause) && clause.elements.every((element) => element.isTypeOnly);
}

function moduleOf(node: ts.Node): { specifier: ts.Expression; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    return { specifier: node.moduleSpecifier, typeOnly: isTypeOnlyImport(node) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: node.moduleSpecifier, typeOnly: isTypeOnlyExport(node) };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal as ts.Expression, typeOnly: true };
  }
  if (
    ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword &&
    node.arguments[0]
  ) {
    return { specifier: node.arguments[0], typeOnly: false };
  }
  return undefined;
}

function isDefaultExport(node: ts.Statement): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)) {
    return node.exportClause.elements.some((element) => element.name.text === 'default');
  }
  return (
    ts.canHaveModifiers(node) &&
    !!ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)
  );
}

/** Parses a TypeScript file, without types, and collects its facts. */
export function sourceFacts(file: TextFile): SourceFacts {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
  const lineOf = (node: ts.Node): number =>
    source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const imports: ImportFact[] = [];
  const visit = (node: ts.Node): void => {
    const found = moduleOf(node);
    if (found && ts.isStringLiteralLike(found.specifier)) {
      imports.push({ specifier: found.specifier.text, typeOnly: found.typeOnly, line: lineOf(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const isVariable = (node: ts.Statement): boolean =>
    ts.isVariableStatement(node) && (node.declarationList.flags & ts.NodeFlags.Const) === 0;
  return {
    path: file.path,
    lines: file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0),
    imports,
    defaultExports: source.statements.filter(isDefaultExport).map(lineOf),
    moduleVariables: source.statements.filter(isVariable).map(lineOf),
  };
}
