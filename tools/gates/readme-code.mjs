import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { packageFolders, runTool } from '../workspace.mjs';

/** Where the programs of a README lie while they are checked: where its imports are found. */
const PLACE = join('node_modules', '.readme-code');

/** The page of the guide whose programs another gate compiles and runs. */
const CHECKED_ELSEWHERE = 'nestjs.md';

/** The folder whose packages a page of the guide may import, if not `tests`. */
const PLACES = new Map([['nextjs.md', join('examples', 'web-app')]]);

/** Declares what the guide imports of Next.js. */
const NEXT_TYPES = join('tools', 'gates', 'next-types.d.ts');

/**
 * Checks the types of the TypeScript in the guide, in README.md and in those of packages and examples against the built
 * packages, all in one run of the compiler.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkReadmeCode({ root, toolchain }) {
  const faults = [];
  const files = [];
  const folders = (await packageFolders(root)).filter((folder) => /^(?:packages|examples)\b/.test(folder));
  const guide = (await readdir(join(root, 'docs', 'guide'))).filter((name) => name.endsWith('.md'));
  // What belongs to no package may import what the tests may.
  const pages = [
    ...['', ...folders].map((folder) => ({ page: join(folder, 'README.md'), place: join(folder || 'tests', PLACE) })),
    ...guide
      .filter((name) => name !== CHECKED_ELSEWHERE)
      .map((name) => ({
        page: join('docs', 'guide', name),
        place: join(PLACES.get(name) ?? 'tests', PLACE, name),
      })),
  ];
  for (const { page, place } of pages) {
    const text = await readFile(join(root, page), 'utf8').catch(() => '');
    const { programs, refused } = programsOf(text);
    faults.push(
      ...refused.map((line) => `${page}:${line}: write \`\`\`ts and nothing after it, so that it is checked.`),
    );
    await rm(join(root, place), { recursive: true, force: true });
    for (const { name, code } of programs) {
      const file = join(place, `${name}.mts`);
      await mkdir(join(root, dirname(file)), { recursive: true });
      await writeFile(join(root, file), code);
      files.push(file);
    }
  }
  const project = join(root, PLACE);
  await mkdir(project, { recursive: true });
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(configuration(relative(project, root), files)));
  const { code, output } = await runTool(root, toolchain, 'tsc', ['-p', project, '--pretty', 'false']);
  if (code !== 0)
    faults.push(
      `Each line-N.mts is the program that begins at line N of the page that the folder belongs to. Others have the name in
their first line:\n${output}`,
    );
  return { faults: faults.join('\n') };
}

/**
 * @param {string} up the path from the configuration to the repository
 * @param {string[]} files the programs, below the repository
 */
function configuration(up, files) {
  return {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      incremental: false,
      noEmit: true,
      tsBuildInfoFile: null,
      // A few lines that show one thing need not use all that they name.
      noUnusedLocals: false,
      noUnusedParameters: false,
      // What Nest applications are compiled with.
      experimentalDecorators: true,
      erasableSyntaxOnly: false,
      // Some programs are for browsers.
      lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      paths: {
        '@frameio-auth/*': [`${up}/packages/*/dist/index.d.ts`],
        '@/*': [`${up}/${PLACES.get('nextjs.md')}/${PLACE}/nextjs.md/*.mts`],
      },
    },
    files: [...files, NEXT_TYPES].map((file) => join(up, file)),
  };
}

/**
 * Returns the TypeScript programs of a page. A fence with imports begins a program. One without imports continues the
 * previous program, in its own block, so that it can use earlier declarations and choose its names freely. If the first
 * line of a program is a comment with a path, such as `// lib/frameio.ts`, other programs can import it by that path.
 *
 * @param {string} text
 * @returns {{ programs: { name: string, code: string }[], refused: number[] }} `name`: its path without the extension;
 *   `refused`: the lines of fences with a label that would keep them from being checked
 */
export function programsOf(text) {
  /** @type {{ name: string, code: string }[]} */
  const programs = [];
  const refused = [];
  for (const fence of text.matchAll(/^```(\S.*)\n([\s\S]*?)^```\s*$/gm)) {
    const [, label = '', code = ''] = fence;
    const line = text.slice(0, fence.index).split('\n').length;
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
