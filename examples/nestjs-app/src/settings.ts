import { z } from 'zod';

/** 32 bytes in base64: what `openssl rand -base64 32` prints. */
const KEY = /^[\w.-]+:[A-Za-z0-9+/]{43}=$/;

/** Scheme, host and port, and nothing after them. */
const origin = (schemes: RegExp, example: string) =>
  z.string().refine((text) => schemes.test(text) && URL.canParse(text) && new URL(text).origin === text, {
    error: `must be an origin, such as ${example}`,
  });

/** Every setting, from the environment or a file `.env`. No message repeats a value. */
const settings = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: z.coerce.number('must be a port').int().min(1).max(65_535).default(8443),
  /** The application's public address. Default: https at this machine's port. */
  PUBLIC_URL: origin(/^https:/, 'https://portal.example').optional(),

  /** From a web app credential in the Adobe Developer Console. Default: a fictional one of a local server. */
  FRAMEIO_CLIENT_ID: z.string().optional(),
  FRAMEIO_CLIENT_SECRET: z.string().optional(),
  /** The origin of a local server in place of Adobe and Frame.io. Default: the real ones. */
  FRAMEIO_LOCAL: origin(/^https?:/, 'http://127.0.0.1:4000').optional(),

  /** Stores sessions in this Redis. Default: in files. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must begin with redis:// or rediss://' }).optional(),
  /** The directory of the files. Default: a temporary directory, removed with the process. */
  DATA_DIRECTORY: z.string().optional(),
  /**
   * The keys that encrypt tokens, the current one first: `2030-02:<key>,2030-01:<key>`. Default: random for this run.
   */
  TOKEN_KEYS: z
    .string()
    .refine(
      (text) => text.split(',').every((entry) => KEY.test(entry)),
      'must be name:key, or several of them with commas between; a key is what `openssl rand -base64 32` prints',
    )
    .optional(),
  /** The key that encrypts the cookie. Default: random for this run. */
  COOKIE_SECRET: z
    .string()
    .min(32, 'must have 32 characters or more: what `openssl rand -base64 32` prints')
    .optional(),
});

type Given = z.output<typeof settings>;
type Name = keyof Given;

/** The settings that make up an account. */
const ACCOUNT = ['FRAMEIO_CLIENT_ID', 'FRAMEIO_CLIENT_SECRET', 'FRAMEIO_LOCAL'] as const satisfies Name[];

/** The settings that must not be left to a default in production. */
const FOR_PRODUCTION: readonly Name[] = [
  'PUBLIC_URL',
  'FRAMEIO_CLIENT_ID',
  'FRAMEIO_CLIENT_SECRET',
  'TOKEN_KEYS',
  'COOKIE_SECRET',
];

export type Settings = Given & { readonly PUBLIC_URL: string };

/**
 * Reads the settings from an environment.
 *
 * @throws Error that lists what is missing or invalid, one per line
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

/** Treats an empty variable as missing. */
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
