import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { capture, shell } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';
import { packageFolders } from '../packages.ts';

interface Program {
  /** The path in its first line, without the extension, or else `line-N` with the line of the page at which it begins. */
  readonly name: string;
  code: string;
}

/** Where the programs of a page are written, inside the package whose dependencies they may import. */
const FOLDER = join('node_modules', '.readme-code');

/** The page of the guide whose programs another gate compiles and runs. */
const CHECKED_ELSEWHERE = 'nestjs.md';

/** Where the programs for Next.js are written, which import each other by the alias `@`. */
const NEXT_FOLDER = join('examples/web-app', FOLDER, 'nextjs.md');

/**
 * Checks the types of the TypeScript in the guide and in the READMEs of the repository, packages and examples, in one run
 * of the compiler against the built packages.
 */
export async function checkReadmeCode({ root, env }: GateContext): Promise<GateResult> {
  const problems = [];
  const files = [];
  const folders = await packageFolders(root, '{packages,examples}/*');
  const guide = (await readdir(join(root, 'docs/guide'))).filter((name) => name.endsWith('.md'));
  const pages = [
    { page: 'README.md', folder: join('tests', FOLDER) },
    ...folders.map((folder) => ({ page: join(folder, 'README.md'), folder: join(folder, FOLDER) })),
    ...guide
      .filter((name) => name !== CHECKED_ELSEWHERE)
      .map((name) => ({
        page: join('docs/guide', name),
        folder: name === 'nextjs.md' ? NEXT_FOLDER : join('tests', FOLDER, name),
      })),
  ];
  for (const { page, folder } of pages) {
    const text = await readFile(join(root, page), 'utf8').catch(() => '');
    const { programs, refused } = programsIn(text);
    problems.push(...refused.map((line) => `${page}:${line}: write only \`\`\`ts, so that the code is checked.`));
    await rm(join(root, folder), { recursive: true, force: true });
    for (const { name, code } of programs) {
      const file = join(folder, `${name}.mts`);
      await mkdir(join(root, dirname(file)), { recursive: true });
      await writeFile(join(root, file), code);
      files.push(file);
    }
  }
  const project = join(root, FOLDER);
  await mkdir(project, { recursive: true });
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(configuration(relative(project, root), files)));
  const { code, output } = await capture('tsc', ['-p', project, '--pretty', 'false'], { cwd: root, env, shell });
  if (code !== 0) problems.push(`line-N.mts is the program that begins at line N of the folder's page:\n${output}`);
  return problems.join('\n');
}

function configuration(root: string, files: readonly string[]): object {
  return {
    extends: `${root}/tsconfig.base.json`,
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      incremental: false,
      noEmit: true,
      tsBuildInfoFile: null,
      // Short code need not use everything that it declares.
      noUnusedLocals: false,
      noUnusedParameters: false,
      // As in Nest applications.
      experimentalDecorators: true,
      erasableSyntaxOnly: false,
      // Some programs are for browsers.
      lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      paths: {
        '@frameio-auth/sign-in/*': [`${root}/packages/sign-in/dist/*.d.ts`],
        '@frameio-auth/*': [`${root}/packages/*/dist/index.d.ts`],
        '@/*': [`${root}/${NEXT_FOLDER}/*.mts`],
      },
    },
    files: files.map((file) => join(root, file)),
  };
}

/**
 * Returns the TypeScript programs of a page. A fence with imports begins a program. One without imports continues the
 * previous program, in its own block, so that it can use earlier declarations and choose its names freely. A path in the first
 * line of a program, such as `// lib/frameio.ts`, is the path by which other programs import it.
 *
 * @returns `refused`: the lines of fences with a label that would keep them from being checked
 */
export function programsIn(page: string): { programs: Program[]; refused: number[] } {
  const programs: Program[] = [];
  const refused = [];
  for (const fence of page.matchAll(/^```(\S.*)\n([\s\S]*?)^```\s*$/gm)) {
    const [, label = '', code = ''] = fence;
    const line = page.slice(0, fence.index).split('\n').length;
    if (label !== 'ts') {
      if (/^(?:[cm]?[jt]sx?|typescript|javascript)\b/i.test(label)) refused.push(line);
      continue;
    }
    const last = programs.at(-1);
    const [, path] = /^\/\/ ([\w/-]+)\.ts\n/.exec(code) ?? [];
    if (last === undefined || path !== undefined || /^import\b/m.test(code)) {
      programs.push({ name: path ?? `line-${line}`, code: `${code}export {};\n` });
    } else last.code += `{ // line ${line}\n${code}}\n`;
  }
  return { programs, refused };
}
