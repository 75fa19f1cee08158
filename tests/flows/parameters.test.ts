import { describe, expect, it } from 'vitest';
import { errorOf, startWorld } from '../session/world.js';

describe('parameters of the application', () => {
  it("go with every request of their kind, and those of a call in the place of the profile's", async () => {
    const world = await startWorld();
    const server = {
      ...world.profile,
      authorizationParameters: { audience: 'https://api.example.com', display: 'popup', prompt: 'consent' },
      tokenParameters: { audience: 'https://api.example.com', provider: 'studio' },
    };
    const auth = world.portal({ server });
    const { url } = await auth.getAuthorizationUrl({ parameters: { display: 'page' }, prompt: 'login' });
    const { searchParams } = new URL(url);
    expect(searchParams.getAll('audience')).toEqual(['https://api.example.com']);
    expect(searchParams.getAll('display')).toEqual(['page']);
    expect(searchParams.getAll('prompt')).toEqual(['login']);

    await auth.handleCallback(await world.server.signIn(url), { parameters: { audience: 'https://other.example' } });
    await auth.refresh();
    await world.service({ server }).getToken();
    const forms = world.server.requests.filter(({ endpoint }) => endpoint === 'token').map(({ form }) => form);
    expect(forms.map(({ grant_type, audience, provider }) => [grant_type, audience, provider])).toEqual([
      ['authorization_code', 'https://other.example', 'studio'],
      ['refresh_token', 'https://api.example.com', 'studio'],
      ['client_credentials', 'https://api.example.com', 'studio'],
    ]);
  });

  it('that a request has anyway are rejected before anything is used up, and the option is named', async () => {
    const world = await startWorld();
    const auth = world.portal();
    const reserved = (name: string) => ({ name: 'ConfigurationError', message: expect.stringContaining(`"${name}"`) });
    expect(await errorOf(auth.getAuthorizationUrl({ parameters: { nonce: 'mine' } }))).toMatchObject(reserved('nonce'));

    const { url, state } = await auth.getAuthorizationUrl();
    const callback = await world.server.signIn(url);
    const parameters = { refresh_token: 'canary' };
    expect(await errorOf(auth.handleCallback(callback, { parameters }))).toMatchObject(reserved('refresh_token'));
    const session = auth.session('default');
    expect(await errorOf(session.handleCallback(callback, { parameters }))).toMatchObject(reserved('refresh_token'));
    const code = new URL(callback).searchParams.get('code') ?? '';
    expect(await errorOf(auth.exchangeCode({ code, state, parameters }))).toMatchObject(reserved('refresh_token'));
    expect(await errorOf(auth.handleCallback(callback, null as never))).toMatchObject({ code: 'invalid_option' });
    await auth.handleCallback(callback);
    expect(auth.isAuthenticated).toBe(true);
  });

  it('of one call go with the exchange of its code', async () => {
    const world = await startWorld();
    const auth = world.portal();
    const { url, state } = await auth.getAuthorizationUrl();
    const code = new URL(await world.server.signIn(url)).searchParams.get('code') ?? '';
    await auth.exchangeCode({ code, state, parameters: { provider: 'studio' } });
    expect(world.server.requests.at(-1)?.form).toMatchObject({ provider: 'studio' });
  });
});
