import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adviceFor } from '../command-error.mjs';
import { problemsOfFile } from '../gates/hygiene.ts';
import { problemsOfManifest, showsInstallation } from '../gates/manifests.ts';
import { filesIn } from '../gates/nest-guide.ts';
import { programsIn } from '../gates/readme-code.ts';
import { hasTest, testsNamedIn } from '../gates/security-checklist.ts';

describe('a file', () => {
  it('may name folders of the project and of web sites', () => {
    expect(
      problemsOfFile('docs/page.md', 'See packages/core/work/notes.md and https://example.com/home/page.\n'),
    ).toEqual([]);
  });

  it.each([
    [
      'names a registry',
      'pnpm-lock.yaml',
      `tarball: https://${'registry'}.example.org/a.tgz\n`,
      /host of a package registry/,
    ],
    [
      'names a folder of one machine',
      'docs/page.md',
      `Look into /${'home'}/someone/frameio.\n`,
      /folder of one machine/,
    ],
    ['ends without a newline', 'docs/page.md', 'The end.', /does not end with a newline/],
    ['is built, but is in src/', 'packages/core/src/session/a.d.ts', 'export {};\n', /belongs in dist/],
  ])('is rejected when it %s', (_how, name, content, problem) => {
    expect(problemsOfFile(name, content)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('the manifest of a package', () => {
  const manifest = {
    name: '@frameio-auth/storage-example',
    version: '1.0.0',
    description: 'A storage',
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=22.19.0' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist', '!dist/**/*.tsbuildinfo', 'src', '!src/**/tsconfig.json', 'README.md'],
    dependencies: { ioredis: '^5.0.0' },
    peerDependencies: { '@frameio-auth/core': 'workspace:^' },
    devDependencies: { '@frameio-auth/core': 'workspace:^' },
    publishConfig: { access: 'public' },
  };

  it('may depend on core and on libraries', () => {
    expect(problemsOfManifest('storage-example', manifest)).toEqual([]);
  });

  it.each(['dependencies', 'peerDependencies', 'optionalDependencies'])(
    'cannot depend on another adapter in its %s',
    (field) => {
      const others = { '@frameio-auth/storage-memory': 'workspace:^' };
      const adapter = {
        ...manifest,
        [field]: field === 'peerDependencies' ? { ...manifest[field], ...others } : others,
      };

      expect(problemsOfManifest('storage-example', adapter)).toEqual([
        expect.stringMatching(/cannot depend on another adapter/),
      ]);
    },
  );

  it('may depend on the package for tests of applications if it is the one for tests of adapters, but not the reverse', () => {
    const dependingOn = (name: string, other: string) =>
      problemsOfManifest(name, {
        ...manifest,
        name: `@frameio-auth/${name}`,
        dependencies: { [`@frameio-auth/${other}`]: 'workspace:^' },
      });

    expect(dependingOn('conformance', 'testing')).toEqual([]);
    expect(dependingOn('testing', 'conformance')).toEqual([expect.stringMatching(/cannot depend on another adapter/)]);
  });

  it('cannot depend on any package of this repository if it is core', () => {
    const { peerDependencies, devDependencies, ...rest } = manifest;
    const core = { ...rest, name: '@frameio-auth/core', dependencies: { '@frameio-auth/testing': 'workspace:^' } };

    expect(problemsOfManifest('core', core)).toEqual([expect.stringMatching(/core cannot depend on another package/)]);
  });

  it.each([
    [
      'as a dependency',
      { dependencies: { '@frameio-auth/core': 'workspace:^' } },
      /@frameio-auth\/core can only be a peer/,
    ],
    ['without a peer dependency', { peerDependencies: {} }, /^`peerDependencies` must have @frameio-auth\/core/],
    ['in an exact version', { peerDependencies: { '@frameio-auth/core': 'workspace:*' } }, /^`peerDependencies` must/],
    ['without a development dependency', { devDependencies: {} }, /^`devDependencies` must have @frameio-auth\/core/],
    [
      'as an optional peer',
      { peerDependenciesMeta: { '@frameio-auth/core': { optional: true } } },
      /cannot be an optional peer/,
    ],
  ])('cannot have core %s', (_how, change, problem) => {
    expect(problemsOfManifest('storage-example', { ...manifest, ...change })).toEqual([expect.stringMatching(problem)]);
  });

  it('publishes what every package does, and may add folders', () => {
    const more = { ...manifest, files: [...manifest.files, 'viewer'] };
    const less = { ...manifest, files: ['dist'] };

    expect(problemsOfManifest('storage-example', more)).toEqual([]);
    expect(problemsOfManifest('storage-example', less)).toEqual([expect.stringMatching(/^`files` must begin with/)]);
  });

  it('has what all manifests have in common', () => {
    const { description, ...rest } = manifest;
    const exports = { '.': { default: './dist/index.js', types: './dist/index.d.ts' } };

    const engines = { node: '>=20' };

    expect(problemsOfManifest('storage-other', { ...rest, exports, engines, license: 'ISC' })).toEqual([
      'its name must be @frameio-auth/storage-other, like its folder.',
      '`license` must be "MIT", as in every package.',
      '`engines` must be {"node":">=22.19.0"}, as in every package.',
      '`description` is missing.',
      'the export "." must have `types`, then `default`.',
    ]);
    expect(description).toBe('A storage');
  });
});

describe('the README of a package', () => {
  it.each([
    ['npm install @frameio-auth/storage-example @frameio-auth/core', true],
    ['npm install --save-dev @frameio-auth/core @frameio-auth/storage-example redis', true],
    ['npm install @frameio-auth/storage-example', false],
    ['npm install @frameio-auth/core @frameio-auth/storage-example-2', false],
  ])('shows its installation together with core: %s', (line, right) => {
    expect(showsInstallation(`# A\n\n${line}\n`, '@frameio-auth/storage-example')).toBe(right);
  });
});

describe('the code of a README', () => {
  it('is one program from one import to the next, and each later fence is a block of it', () => {
    const page = "# A\n```ts\nimport { a } from 'a';\n```\nand\n```ts\na();\n```\n```ts\nimport { b } from 'b';\n```\n";

    expect(programsIn(page)).toEqual({
      programs: [
        { name: 'line-2', code: "import { a } from 'a';\nexport {};\n{ // line 6\na();\n}\n" },
        { name: 'line-9', code: "import { b } from 'b';\nexport {};\n" },
      ],
      refused: [],
    });
  });

  it('is imported by the path in its first line', () => {
    const page = "```ts\n// lib/a.ts\nexport const a = 1;\n```\n```ts\nimport { a } from '@/lib/a';\n```\n";

    expect(programsIn(page).programs.map(({ name }) => name)).toEqual(['lib/a', 'line-5']);
  });

  it('excludes shell commands and data', () => {
    expect(programsIn('```sh\nnpm test\n```\n```json\n{}\n```\n')).toEqual({ programs: [], refused: [] });
  });

  it.each(['ts no-check', 'typescript', 'js', 'tsx'])('must not have the label `%s`', (label) => {
    expect(programsIn(`text\n\`\`\`${label}\nnonsense\n\`\`\`\n`)).toEqual({ programs: [], refused: [2] });
  });
});

describe('the files that a guide shows', () => {
  it('are named in the paragraph before them; the last name counts', () => {
    const page =
      'In `src/main.ts`:\n\nSo `src/a.ts` calls\n`src/b.ts`:\n\n```ts\nb();\n```\nRun it:\n\n```sh\nnpm start\n```\n';

    expect(filesIn(page)).toEqual([{ file: 'src/b.ts', code: 'b();\n' }]);
  });
});

describe('the advice for a failure', () => {
  it('exists for an error of the file system', () => {
    const error = Object.assign(new Error("EROFS: read-only file system, mkdir '/x'"), { code: 'EROFS' });

    expect(adviceFor(error)).toMatch(/^A file or folder is not writable/);
  });

  it('exists for a lock file that does not match the manifests', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frameio-auth-lock-'));
    await writeFile(join(folder, 'package.json'), '{ "dependencies": { "xstate": "^5.0.0" } }');
    await writeFile(join(folder, 'pnpm-workspace.yaml'), 'packages: []\n');
    await writeFile(
      join(folder, 'pnpm-lock.yaml'),
      "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .: {}\n",
    );
    const output = await new Promise<string>((resolve) => {
      const args = ['install', '--frozen-lockfile', '--offline'];
      execFile('pnpm', args, { cwd: folder }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    await rm(folder, { recursive: true });

    expect(adviceFor(output)).toMatch(/^pnpm-lock\.yaml does not match the manifests/);
  });

  it('does not exist for other failures', () => {
    expect(adviceFor('error TS2304: Cannot find name')).toBeUndefined();
  });
});

describe('the tests that the security checklist names', () => {
  it('are read with their file; a file without titles names no test', () => {
    expect(
      testsNamedIn('`tests/a.test.ts`: “takes one”, “takes two”; `b.spec.ts`: “refuses (RFC 9207 §2.4)”, `c.test.ts`'),
    ).toEqual([
      { path: 'tests/a.test.ts', title: 'takes one' },
      { path: 'tests/a.test.ts', title: 'takes two' },
      { path: 'b.spec.ts', title: 'refuses (RFC 9207 §2.4)' },
      { path: 'c.test.ts', title: '' },
    ]);
  });

  it.each([
    ["it('takes one', () => {});", true],
    ['test.each(rows)(\n  "takes one",\n  (row) => {});', true],
    ["it('takes one of two', () => {});", false],
    ['// takes one', false],
    ["describe('takes one', () => {});", false],
    ['', false],
  ])('are found by their whole title: %s', (text, isFound) => {
    expect(hasTest(text, 'takes one')).toBe(isFound);
    expect(hasTest(text, '')).toBe(false);
  });
});
