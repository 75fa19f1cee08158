import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settingsOf } from '../../examples/nestjs-app/src/settings.js';
import { Instance } from './instance.js';

const KEY = 'A'.repeat(43);

const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://portal.example',
  FRAMEIO_CLIENT_ID: 'review-portal.fictional',
  FRAMEIO_CLIENT_SECRET: 'client-secret.fictional.review-portal',
  TOKEN_KEYS: `2030-02:${KEY}=,2030-01:${KEY}=`,
  COOKIE_SECRET: 'cookie-secret.fictional.review-portal',
  REDIS_URL: 'redis://redis.example',
};

describe('the Nest application', () => {
  it('starts with a server on this machine and files when nothing is configured, and leaves nothing behind', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'nestjs-app-'));
    onTestFinished(() => rm(temporary, { recursive: true }));
    const instance = await Instance.start({ TMPDIR: temporary });
    onTestFinished(() => instance.end());

    const login = new URL('/auth/frameio/login', instance.home);
    const [answer] = await once(request(login, { rejectUnauthorized: false, agent: false }).end(), 'response');
    answer.resume();
    const files = await readdir(temporary, { recursive: true });
    await instance.end();

    expect(answer.headers.location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ims\/authorize\/v2\?/);
    expect(files).toContainEqual(expect.stringMatching(/\.json$/)); // The sign-in that has begun.
    expect(await readdir(temporary)).toEqual([]);
  });

  it('takes everything from the environment in production', () => {
    expect(settingsOf({ ...production, PORT: '8080' })).toEqual({ ...production, PORT: 8080 });
  });

  it('is found at its port on this machine where nothing else is said, and takes empty variables for unset', () => {
    expect(settingsOf({ PORT: '', REDIS_URL: '' })).toEqual({
      NODE_ENV: 'development',
      PORT: 8443,
      PUBLIC_URL: 'https://localhost:8443',
    });
  });

  it.each([
    {
      when: 'production has no keys',
      env: { ...production, TOKEN_KEYS: '', COOKIE_SECRET: '' },
      lines: ['TOKEN_KEYS: must be set in production', 'COOKIE_SECRET: must be set in production'],
    },
    {
      when: 'production has no place for sessions',
      env: { ...production, REDIS_URL: '' },
      lines: ['REDIS_URL: must be set in production, or DATA_DIRECTORY where there is one host alone'],
    },
    {
      when: 'half of an account is set',
      env: { FRAMEIO_CLIENT_ID: 'review-portal.fictional' },
      lines: [
        'FRAMEIO_CLIENT_SECRET: must be set too, or none of FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET, FRAMEIO_LOCAL',
      ],
    },
    {
      when: 'values do not fit, and repeats none of them',
      env: {
        PORT: '99999',
        PUBLIC_URL: 'http://portal.example',
        FRAMEIO_LOCAL: 'http://127.0.0.1:4000/path',
        REDIS_URL: 'https://redis.example',
        TOKEN_KEYS: 'no-key-at-all',
        COOKIE_SECRET: 'short',
      },
      lines: [
        'PORT: must be a port',
        'PUBLIC_URL: must be an origin, such as https://portal.example',
        'FRAMEIO_LOCAL: must be an origin, such as http://127.0.0.1:4000',
        'REDIS_URL: must begin with redis:// or rediss://',
        'TOKEN_KEYS: must be name:key, or several of them with commas between; a key is what `openssl rand -base64 32` prints',
        'COOKIE_SECRET: must have 32 characters or more: what `openssl rand -base64 32` prints',
      ],
    },
  ])('says in a line for each setting what to do when $when', ({ env, lines }) => {
    expect(() => settingsOf(env)).toThrow(new Error(['The settings do not fit.', ...lines].join('\n  ')));
  });
});
