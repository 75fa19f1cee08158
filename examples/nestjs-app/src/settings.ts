import { z } from 'zod';

/** 32 bytes in base64: what `openssl rand -base64 32` prints. */
const KEY = /^[\w.-]+:[A-Za-z0-9+/]{43}=$/;

/** Scheme, host and port, with nothing after them. */
const origin = (schemes: RegExp, example: string) =>
  z.string().refine((text) => schemes.test(text) && URL.canParse(text) && new URL(text).origin === text, {
    error: `must be an origin, such as ${example}`,
  });

/** Every setting, as it stands in the environment or in a file `.env`. No message repeats a value. */
const settings = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: z.coerce.number('must be a port').int().min(1).max(65_535).default(8443),
  /** Where browsers find the application. Default: at this machine's port, over https. */
  PUBLIC_URL: origin(/^https:/, 'https://portal.example').optional(),

  /** Of a web app credential in the Adobe Developer Console. Default: fictional, at a server that is started for it. */
  FRAMEIO_CLIENT_ID: z.string().optional(),
  FRAMEIO_CLIENT_SECRET: z.string().optional(),
  /** The origin of a local server that plays Adobe and Frame.io. Default: the real ones. */
  FRAMEIO_LOCAL: origin(/^https?:/, 'http://127.0.0.1:4000').optional(),

  /** Where sessions are kept. Default: in files. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must begin with redis:// or rediss://' }).optional(),
  /** Where the files are. Default: in a temporary directory, which goes with the process. */
  DATA_DIRECTORY: z.string().optional(),
  /** What tokens are encrypted with, the current key first: `2030-02:<key>,2030-01:<key>`. Default: made for this run. */
  TOKEN_KEYS: z
    .string()
    .refine(
      (text) => text.split(',').every((entry) => KEY.test(entry)),
      'must be name:key, or several of them with commas between; a key is what `openssl rand -base64 32` prints',
    )
    .optional(),
  /** What the cookie is encrypted with. Default: made for this run. */
  COOKIE_SECRET: z
    .string()
    .min(32, 'must have 32 characters or more: what `openssl rand -base64 32` prints')
    .optional(),
});

type Given = z.output<typeof settings>;
type Name = keyof Given;

/** What makes an account. */
const ACCOUNT = ['FRAMEIO_CLIENT_ID', 'FRAMEIO_CLIENT_SECRET', 'FRAMEIO_LOCAL'] as const satisfies Name[];

/** What must not be left to a default where others rely on the application. */
const FOR_PRODUCTION: readonly Name[] = [
  'PUBLIC_URL',
  'FRAMEIO_CLIENT_ID',
  'FRAMEIO_CLIENT_SECRET',
  'TOKEN_KEYS',
  'COOKIE_SECRET',
];

export type Settings = Given & { readonly PUBLIC_URL: string };

/**
 * The settings that an environment has.
 *
 * @throws Error that says in a line for each what is missing or wrong
 */
export function settingsOf(environment: Record<string, unknown>): Settings {
  const { success, data, error } = settings.safeParse(withoutEmpty(environment));
  if (!success) {
    refuse(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  }
  const missing = requiredOf(data).filter((name) => data[name] === undefined);
  if (missing.length > 0) refuse(missing.map((name) => `${name}: must be set ${reasonFor(data)}`));
  if (data.NODE_ENV === 'production' && data.REDIS_URL === undefined && data.DATA_DIRECTORY === undefined) {
    refuse(['REDIS_URL: must be set in production, or DATA_DIRECTORY where there is one host alone']);
  }
  return { ...data, PUBLIC_URL: data.PUBLIC_URL ?? `https://localhost:${data.PORT}` };
}

/** A variable that is set to nothing is not set. */
function withoutEmpty(environment: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function requiredOf(given: Given): readonly Name[] {
  if (given.NODE_ENV === 'production') return FOR_PRODUCTION;
  const hasSome = ACCOUNT.some((name) => given[name] !== undefined);
  return hasSome ? ['FRAMEIO_CLIENT_ID', 'FRAMEIO_CLIENT_SECRET'] : [];
}

function reasonFor({ NODE_ENV }: Given): string {
  return NODE_ENV === 'production' ? 'in production' : `too, or none of ${ACCOUNT.join(', ')}`;
}

function refuse(lines: readonly string[]): never {
  throw new Error(`The settings do not fit.\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
