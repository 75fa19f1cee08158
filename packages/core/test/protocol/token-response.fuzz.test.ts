import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuthorizationClient } from '../../src/protocol/authorization-client.js';
import type { TokenReply } from '../../src/protocol/token-endpoint.js';
import { exportTokens, readImport } from '../../src/session/exported-tokens.js';
import { anyJson, anyText, exposed, runs } from '../fuzzing.js';
import { clientOf, codeExchange, NOW, refresh } from './fictional-client.js';
import { answering, anyHeaders, oddBody, profiles } from './fuzzing.js';

const TOKEN = 'canary-token';

type Grant = (client: AuthorizationClient, scopes: readonly string[]) => Promise<TokenReply>;

const grants: Readonly<Record<string, Grant>> = {
  client_credentials: (client, scopes) => client.clientCredentials({ scopes }),
  authorization_code: (client, scopes) => client.exchangeCode({ ...codeExchange, scopes }),
  refresh_token: (client, scopes) => client.refresh({ ...refresh, scopes }),
};

/** A grant in which each member is valid, invalid or absent. */
const oddGrant: fc.Arbitrary<string> = fc
  .record(
    {
      access_token: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(TOKEN, `${TOKEN} 2`) }, anyJson),
      token_type: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('bearer', 'Bearer', 'BEARER') }, anyJson),
      refresh_token: fc.oneof(fc.constant(`${TOKEN}-refresh`), fc.constant(null), anyJson),
      id_token: fc.oneof(fc.constant(`${TOKEN}.id.x`), anyJson),
      expires_in: fc.oneof(
        fc.integer(),
        fc.double(),
        fc.constantFrom('3600', ' 60 ', '', 'NaN', '1e999', '-0', '0x10', '٣'),
        anyJson,
      ),
      scope: fc.oneof(fc.constantFrom('openid', 'a b', 'a,b', ' ', 'a\tb\n', 'a"b', '\\', 'é'), anyText, anyJson),
      sub: anyJson,
    },
    { requiredKeys: [] },
  )
  .map((members) => JSON.stringify(members));

/** The requests that each server supports. */
const asked = fc.constantFrom(
  ...profiles.flatMap((profile) =>
    Object.entries(grants)
      .filter(([name]) => name !== 'client_credentials' || profile.clientCredentialsAuthentication !== undefined)
      .map(([name, ask]) => ({ profile, name, ask, toString: () => `${profile.name} ${name}` })),
  ),
);

const anyBody = fc.oneof({ weight: 4, arbitrary: oddGrant }, oddBody);

describe('a token response of any kind', () => {
  it('grants tokens that can be used, or is ambiguous, and nothing of it is shown (RFC 6749 §5.1)', async () => {
    await fc.assert(
      fc.asyncProperty(asked, anyHeaders, anyBody, async ({ profile, ask }, headers, body) => {
        const client = clientOf(profile, { transport: answering({ status: 200, headers, body }) });
        const reply = await ask(client, ['openid']);
        expect(exposed(reply)).not.toContain(TOKEN);
        if (!reply.ok) {
          // Only a response with an `error` is one; for any other it stays open what was granted.
          const { kind, source, code } = reply.failure;
          expect(source).toBe('server');
          if (kind !== 'ambiguous')
            expect(JSON.parse(String(body).trim())).toMatchObject({ error: expect.any(String) });
          expect(code === 'invalid_response').toBe(kind === 'ambiguous');
          return;
        }
        const { accessToken, refreshToken, idToken, expiresIn, scopes } = reply.tokens;
        for (const token of [accessToken, refreshToken, idToken]) {
          if (token !== undefined) expect(token.reveal()).toMatch(/^[\x20-\x7e]+$/);
        }
        expect(expiresIn === null || (Number.isInteger(expiresIn) && expiresIn >= 0 && expiresIn < 2 ** 31)).toBe(true);
        expect(Object.is(expiresIn, -0)).toBe(false);
        if (scopes !== undefined) expect(scopes).not.toHaveLength(0);
      }),
      runs(150),
    );
  });

  it('never costs the refresh after it: the scopes that it names can be asked for again (RFC 6749 §6)', async () => {
    await fc.assert(
      fc.asyncProperty(asked, oddGrant, async ({ profile, ask }, body) => {
        const client = clientOf(profile, { transport: answering({ status: 200, headers: [], body }) });
        const reply = await ask(client, ['openid']);
        const { scopes = [] } = reply.ok ? reply.tokens : {};
        expect(await client.refresh({ ...refresh, scopes })).toEqual(await client.refresh({ ...refresh, scopes: [] }));
      }),
      runs(80),
    );
  });

  it('grants tokens that can be exported and imported as they are', async () => {
    await fc.assert(
      fc.asyncProperty(asked, oddGrant, async ({ profile, ask }, body) => {
        const client = clientOf(profile, { transport: answering({ status: 200, headers: [], body }) });
        const reply = await ask(client, ['openid']);
        // RFC 6750 §2.1 allows no space in a token; imports reject one as a copied header.
        if (!reply.ok) return;
        const { expiresIn, scopes = [], ...tokens } = reply.tokens;
        if (Object.values(tokens).some((token) => token.reveal().includes(' '))) return;
        const facts = {
          issuedAt: NOW,
          expiresAt: expiresIn === null ? null : NOW + expiresIn * 1000,
          refreshable: tokens.refreshToken !== undefined,
          scopes,
        };
        const exported = exportTokens({ ...tokens, facts });
        const imported = readImport(JSON.parse(JSON.stringify(exported)), NOW);
        expect(exportTokens(imported)).toEqual(exported);
        expect(imported.facts).toEqual(facts);
      }),
      runs(80),
    );
  });
});
