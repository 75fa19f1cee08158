import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsOf as faultsOfManifest, installs } from '../gates/manifests.mjs';
import { faultsOf as faultsOfFile } from '../gates/manners.mjs';
import { filesOf } from '../gates/nest-new.mjs';
import { programsOf } from '../gates/readme-code.mjs';
import { hasTest, proofsOf } from '../gates/security-checklist.mjs';
import { adviceFor } from '../trouble.mjs';

describe('the manners of a file', () => {
  it('are good when it speaks of the project alone', () => {
    expect(
      faultsOfFile('docs/page.md', 'See packages/core/work/notes.md and https://example.com/home/page.\n'),
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
      /folder of somebody's machine/,
    ],
    ['ends without a newline', 'docs/page.md', 'The end.', /does not end with a newline/],
    ['is built and lies among the sources', 'packages/core/src/session/a.d.ts', 'export {};\n', /belongs in dist/],
  ])('are bad when it %s', (_how, name, content, fault) => {
    expect(faultsOfFile(name, content)).toEqual([expect.stringMatching(fault)]);
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

  it('may name core and outside libraries', () => {
    expect(faultsOfManifest('storage-example', manifest)).toEqual([]);
  });

  it.each(['dependencies', 'peerDependencies', 'optionalDependencies'])('names no other adapter in its %s', (field) => {
    const others = { '@frameio-auth/storage-memory': 'workspace:^' };
    const adapter = { ...manifest, [field]: field === 'peerDependencies' ? { ...manifest[field], ...others } : others };

    expect(faultsOfManifest('storage-example', adapter)).toEqual([expect.stringMatching(/no other adapter/)]);
  });

  it('names no package of this repository when it is that of core', () => {
    const { peerDependencies, devDependencies, ...rest } = manifest;
    const core = { ...rest, name: '@frameio-auth/core', dependencies: { '@frameio-auth/testing': 'workspace:^' } };

    expect(faultsOfManifest('core', core)).toEqual([expect.stringMatching(/core knows no other package/)]);
  });

  it.each([
    [
      'as a dependency',
      { dependencies: { '@frameio-auth/core': 'workspace:^' } },
      /takes @frameio-auth\/core as a peer alone/,
    ],
    ['not as a peer', { peerDependencies: {} }, /^`peerDependencies` must have @frameio-auth\/core/],
    ['in an exact version', { peerDependencies: { '@frameio-auth/core': 'workspace:*' } }, /^`peerDependencies` must/],
    [
      'without having it for its own tests',
      { devDependencies: {} },
      /^`devDependencies` must have @frameio-auth\/core/,
    ],
    [
      'as an optional peer',
      { peerDependenciesMeta: { '@frameio-auth/core': { optional: true } } },
      /cannot be an optional peer/,
    ],
  ])('does not take core %s', (_how, change, fault) => {
    expect(faultsOfManifest('storage-example', { ...manifest, ...change })).toEqual([expect.stringMatching(fault)]);
  });

  it('publishes what every package does, and may add folders of its own', () => {
    const more = { ...manifest, files: [...manifest.files, 'viewer'] };
    const less = { ...manifest, files: ['dist'] };

    expect(faultsOfManifest('storage-example', more)).toEqual([]);
    expect(faultsOfManifest('storage-example', less)).toEqual([expect.stringMatching(/^`files` must begin with/)]);
  });

  it('says what every manifest says', () => {
    const { description, ...rest } = manifest;
    const exports = { '.': { default: './dist/index.js', types: './dist/index.d.ts' } };

    const engines = { node: '>=20' };

    expect(faultsOfManifest('storage-other', { ...rest, exports, engines, license: 'ISC' })).toEqual([
      'its name must be @frameio-auth/storage-other, as its folder says.',
      '`license` must be "MIT", as in every package.',
      '`engines` must be {"node":">=22.19.0"}, as in every package.',
      '`description` is missing.',
      'the export "." must say `types`, then `default`.',
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
  ])('says how to install it beside core: %s', (line, right) => {
    expect(installs(`# A\n\n${line}\n`, '@frameio-auth/storage-example')).toBe(right);
  });
});

describe('the code of a README', () => {
  it('is one program from import to import, and each later fence a block of it', () => {
    const page = "# A\n```ts\nimport { a } from 'a';\n```\nand\n```ts\na();\n```\n```ts\nimport { b } from 'b';\n```\n";

    expect(programsOf(page)).toEqual({
      programs: [
        { name: 'line-2', code: "import { a } from 'a';\nexport {};\n{ // line 6\na();\n}\n" },
        { name: 'line-9', code: "import { b } from 'b';\nexport {};\n" },
      ],
      refused: [],
    });
  });

  it('has the path in its first line, by which others import it', () => {
    const page = "```ts\n// lib/a.ts\nexport const a = 1;\n```\n```ts\nimport { a } from '@/lib/a';\n```\n";

    expect(programsOf(page).programs.map(({ name }) => name)).toEqual(['lib/a', 'line-5']);
  });

  it('leaves shell commands and data alone', () => {
    expect(programsOf('```sh\nnpm test\n```\n```json\n{}\n```\n')).toEqual({ programs: [], refused: [] });
  });

  it.each(['ts no-check', 'typescript', 'js', 'tsx'])('cannot hide behind the label `%s`', (label) => {
    expect(programsOf(`text\n\`\`\`${label}\nnonsense\n\`\`\`\n`)).toEqual({ programs: [], refused: [2] });
  });
});

describe('the files that a guide shows', () => {
  it('are named in the paragraph before them, the last name counting', () => {
    const page =
      'In `src/main.ts`:\n\nSo `src/a.ts` calls\n`src/b.ts`:\n\n```ts\nb();\n```\nRun it:\n\n```sh\nnpm start\n```\n';

    expect(filesOf(page)).toEqual([{ file: 'src/b.ts', code: 'b();\n' }]);
  });
});

describe('the advice for a failure', () => {
  it('is known for an error of the file system', () => {
    const error = Object.assign(new Error("EROFS: read-only file system, mkdir '/x'"), { code: 'EROFS' });

    expect(adviceFor(error)).toMatch(/^A file or folder may not be written here/);
  });

  it('is known for a lock file that does not fit the manifests', async () => {
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

  it('is none for a failure of another kind', () => {
    expect(adviceFor('error TS2304: Cannot find name')).toBeUndefined();
  });
});

describe('the tests that the security checklist names', () => {
  it('are read with the file that they are in, and a file alone names none', () => {
    expect(
      proofsOf('`tests/a.test.ts`: “takes one”, “takes two”; `b.spec.ts`: “refuses (RFC 9207 §2.4)”, `c.test.ts`'),
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
  ])('are looked for by their whole title: %s', (text, isThere) => {
    expect(hasTest(text, 'takes one')).toBe(isThere);
    expect(hasTest(text, '')).toBe(false);
  });
});
