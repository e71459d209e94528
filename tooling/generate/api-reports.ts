import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Member, publicPackages, type TextFile } from '../workspace/members.js';

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  skipLibCheck: true,
  types: [],
};

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The statement a declaration belongs to, so that a variable prints with its `declare const`. */
function statementOf(declaration: ts.Declaration): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/**
 * The public surface of a declaration file: each export with its signature, sorted by name, without comments.
 * @param path absolute path of a built `.d.ts`
 */
export function publicSurface(
  path: string,
): readonly { readonly name: string; readonly signature: string }[] {
  const program = ts.createProgram([path], compilerOptions);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) return []; // A file without exports is not a module.
  const printer = ts.createPrinter({ removeComments: true });
  return checker
    .getExportsOfModule(module)
    .map((symbol) => {
      const declarations = resolved(symbol, checker).declarations ?? [];
      const statements = new Set(declarations.map(statementOf));
      const texts = [...statements].map((node) =>
        printer
          .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
          .replace(/^(?:export )?(?:declare )?/, '')
          .replaceAll('    ', '  '),
      );
      return { name: symbol.name, signature: texts.join('\n') };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function report(name: string, path: string): string {
  const surface = publicSurface(path);
  const sections = surface.map((each) => `## ${each.name}\n\n\`\`\`ts\n${each.signature}\n\`\`\`\n`);
  return `# ${name}: public API

Every export with its type, so that a change of the surface is a visible diff. What they mean is said in the
doc comments of the sources. \`pnpm generate\` writes this file.

${sections.length > 0 ? sections.join('\n') : 'No exports yet.\n'}`;
}

/** docs/api/PACKAGE.md for each published package that is built. */
export function apiReports(root: string, members: readonly Member[]): readonly TextFile[] {
  return publicPackages(members).flatMap(({ folder, manifest }) => {
    const types = join(root, folder, 'dist/index.d.ts');
    if (!existsSync(types)) return [];
    const path = `docs/api/${manifest.name.replace('@hybra/', '')}.md`;
    return [{ path, text: report(manifest.name, types) }];
  });
}
