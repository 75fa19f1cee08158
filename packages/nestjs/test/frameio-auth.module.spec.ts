import { adobeIms, ServerToServerAuth, StaticTokenAuth, type TokenSession, WebAppAuth } from '@frameio-auth/core';
import {
  FrameioAuthModule,
  type FrameioAuthModuleOptions,
  type FrameioAuthOptionsFactory,
  getFrameioAuthToken,
  getFrameioHttpToken,
  getFrameioSessionToken,
  InjectFrameioAuth,
  InjectFrameioHttp,
  InjectFrameioSession,
} from '@frameio-auth/nestjs';
import { type DynamicModule, Inject, Injectable, Module, type ModuleMetadata, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, test } from 'vitest';
import { compile, serverForTest, service, webApp } from './application.js';

const offline: FrameioAuthModuleOptions = {
  flow: 'server-to-server',
  clientId: 'cutting-room.fictional',
  clientSecret: 'secret.fictional',
  transport: fetch,
  restore: 'lazy',
};

@Injectable()
class Reviews {
  readonly auth: ServerToServerAuth;

  constructor(@InjectFrameioAuth() auth: ServerToServerAuth) {
    this.auth = auth;
  }
}

@Injectable()
class Settings {
  readonly clientId = 'from-settings.fictional';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsFromSettings implements FrameioAuthOptionsFactory {
  readonly #settings: Settings;

  constructor(@Inject(Settings) settings: Settings) {
    this.#settings = settings;
  }

  async createFrameioAuthOptions(): Promise<FrameioAuthModuleOptions> {
    return { ...offline, clientId: this.#settings.clientId } as FrameioAuthModuleOptions;
  }
}

@Module({ imports: [SettingsModule], providers: [OptionsFromSettings], exports: [OptionsFromSettings] })
class OptionsModule {}

describe('forRoot()', () => {
  test('gives a service the token of its own session', async () => {
    const server = await serverForTest();
    const { module } = await compile({ imports: [FrameioAuthModule.forRoot(service(server))], providers: [Reviews] });
    const token = await module.get(Reviews).auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
  });

  test.each([
    ['server-to-server', offline, ServerToServerAuth],
    ['web-app', { ...offline, flow: 'web-app', redirectUri: 'https://cutting-room.example/callback' }, WebAppAuth],
    ['static', { flow: 'static', token: 'fio-u-fictional' }, StaticTokenAuth],
  ] as [string, FrameioAuthModuleOptions, new (...args: never[]) => object][])(
    'makes the auth object of the flow %s',
    async (_flow, options, expected) => {
      const { module } = await compile({ imports: [FrameioAuthModule.forRoot(options)] });
      expect(module.get(getFrameioAuthToken(), { strict: false })).toBeInstanceOf(expected);
    },
  );
});

describe('forRootAsync()', () => {
  const forms: [string, DynamicModule][] = [
    [
      'useFactory',
      FrameioAuthModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async ({ clientId }: Settings) => ({ ...offline, clientId }) as FrameioAuthModuleOptions,
      }),
    ],
    ['useClass', FrameioAuthModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsFromSettings })],
    ['useExisting', FrameioAuthModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFromSettings })],
  ];

  test.each(forms)('takes the options from %s', async (_form, imported) => {
    const server = await serverForTest();
    const { module } = await compile({ imports: [imported], providers: [Reviews] });
    const { auth } = module.get(Reviews);
    expect(auth).toBeInstanceOf(ServerToServerAuth);
    expect(server.requests).toEqual([]);
  });

  test('takes name, isGlobal and signIn from beside the factory', async () => {
    const server = await serverForTest();
    const imported = FrameioAuthModule.forRootAsync({
      name: 'reviews',
      isGlobal: true,
      signIn: { path: 'auth/frameio' },
      useFactory: () => webApp(server),
    });
    const { module } = await compile({ imports: [imported] });
    expect(module.get(getFrameioAuthToken('reviews'), { strict: false })).toBeInstanceOf(WebAppAuth);
    expect(imported).toMatchObject({ global: true, controllers: [expect.any(Function)] });
  });
});

describe('several connections', () => {
  @Injectable()
  class Migration {
    readonly current: ServerToServerAuth;
    readonly legacy: StaticTokenAuth;

    constructor(
      @InjectFrameioAuth() current: ServerToServerAuth,
      @InjectFrameioAuth('legacy') legacy: StaticTokenAuth,
    ) {
      this.current = current;
      this.legacy = legacy;
    }
  }

  test('are told apart by their names', async () => {
    const { module } = await compile({
      imports: [
        FrameioAuthModule.forRoot(offline),
        FrameioAuthModule.forRoot({ name: 'legacy', flow: 'static', token: 'fio-u-fictional' }),
      ],
      providers: [Migration],
    });
    const { current, legacy } = module.get(Migration);
    expect(current).toBeInstanceOf(ServerToServerAuth);
    expect(await legacy.getToken()).toBe('fio-u-fictional');
  });

  test('must have names of their own', async () => {
    const imports = [FrameioAuthModule.forRoot(offline), FrameioAuthModule.forRoot(offline)];
    await expect(compile({ imports })).rejects.toThrow(
      'FrameioAuthModule, connection "default": forRoot() was called twice for this connection. Give each connection its own name: { name: … }.',
    );
  });

  test('are one when the same module is imported in two places', async () => {
    const once = FrameioAuthModule.forRoot(offline);
    const inner: ModuleMetadata = { imports: [once], providers: [Reviews], exports: [Reviews] };
    @Module(inner)
    class ReviewsModule {}
    const { module } = await compile({ imports: [once, ReviewsModule] });
    expect(module.get(Reviews, { strict: false }).auth).toBe(module.get(getFrameioAuthToken(), { strict: false }));
  });
});

describe('isGlobal', () => {
  @Module({ providers: [Reviews] })
  class ReviewsModule {}

  test('lets modules inject the connection that do not import it', async () => {
    const { module } = await compile({
      imports: [FrameioAuthModule.forRoot({ ...offline, isGlobal: true }), ReviewsModule],
    });
    expect(module.get(Reviews, { strict: false }).auth).toBeInstanceOf(ServerToServerAuth);
  });

  test('is off by default', async () => {
    await expect(compile({ imports: [FrameioAuthModule.forRoot(offline), ReviewsModule] })).rejects.toThrow(
      /can't resolve dependencies of the Reviews/,
    );
  });
});

describe('forFeature()', () => {
  @Injectable()
  class Delivery {
    readonly studio: TokenSession;
    readonly call: typeof fetch;

    constructor(
      @InjectFrameioSession('studio') studio: TokenSession,
      @InjectFrameioHttp('default', 'studio') call: typeof fetch,
    ) {
      this.studio = studio;
      this.call = call;
    }
  }

  @Module({ imports: [FrameioAuthModule.forFeature(['studio', 'archive'])], providers: [Delivery] })
  class DeliveryModule {}

  test('injects sessions by their keys, and their clients, into modules that do not import the connection', async () => {
    const http = ({ key }: TokenSession) => `client of ${key}`;
    const { module } = await compile({ imports: [FrameioAuthModule.forRoot({ ...offline, http }), DeliveryModule] });
    const auth = module.get<ServerToServerAuth>(getFrameioAuthToken(), { strict: false });
    const delivery = module.get(Delivery, { strict: false });
    expect(delivery.studio).toBe(auth.session('studio'));
    expect(delivery.call).toBe('client of studio');
    expect(module.get(getFrameioSessionToken('archive'), { strict: false })).toBe(auth.session('archive'));
  });

  test('restores them when the application starts', async () => {
    const server = await serverForTest();
    const { module } = await compile({
      imports: [FrameioAuthModule.forRoot(service(server)), FrameioAuthModule.forFeature(['studio'])],
    });
    await module.init();
    const { snapshot } = module.get<TokenSession>(getFrameioSessionToken('studio'), { strict: false });
    expect(snapshot.state).toBe('valid');
  });

  test('says which connection is missing', async () => {
    await expect(compile({ imports: [FrameioAuthModule.forFeature(['studio'], 'reviews')] })).rejects.toThrow(
      `There is no connection "reviews". Import FrameioAuthModule.forRoot({ name: 'reviews', … }) in the application's root module.`,
    );
  });

  test('is refused for a static token, which is a session of its own', async () => {
    const imports = [
      FrameioAuthModule.forRoot({ flow: 'static', token: 'fio-u-fictional' }),
      FrameioAuthModule.forFeature(['studio']),
    ];
    await expect(compile({ imports })).rejects.toThrow(/static token is a single session/);
  });
});

describe('the HTTP client', () => {
  @Injectable()
  class Caller {
    readonly client: unknown;

    constructor(@InjectFrameioHttp() client: unknown) {
      this.client = client;
    }
  }

  test('is made for the own session once, and closed at the end', async () => {
    const closed: string[] = [];
    const http = ({ key }: TokenSession) => ({ close: () => closed.push(key) });
    const { module } = await compile({
      imports: [FrameioAuthModule.forRoot({ ...offline, http })],
      providers: [Caller],
    });
    expect(await module.resolve(getFrameioHttpToken(), undefined, { strict: false })).toBe(module.get(Caller).client);
    await module.close();
    expect(closed).toEqual(['default']);
  });

  test('is found by the user where users sign in', async () => {
    const options = { ...offline, flow: 'web-app', redirectUri: 'https://cutting-room.example/callback' };
    const http = ({ key }: TokenSession) => `client of ${key}`;
    const { module } = await compile({
      imports: [FrameioAuthModule.forRoot({ ...options, http } as FrameioAuthModuleOptions)],
      providers: [Caller],
    });
    expect((module.get(Caller).client as (key: string) => unknown)('mara')).toBe('client of mara');
  });

  test('is missed when it is injected, and only then', async () => {
    const imports = [FrameioAuthModule.forRoot(offline)];
    await expect(compile({ imports, providers: [Caller] })).rejects.toThrow(
      'FrameioAuthModule, connection "default": http is missing, so there is no HTTP client to inject. Set it to (session) => authenticatedFetch(session), for example.',
    );
  });
});

describe('a wrong option fails at the start, and is named', () => {
  const app = {
    ...offline,
    flow: 'web-app',
    redirectUri: 'https://cutting-room.example/auth/frameio/callback',
  } as const;
  const users = { identify: () => 'mara' };
  const signIn = { path: 'auth/frameio' };
  const wrong: [string, object, string][] = [
    [
      'flow',
      { ...offline, flow: undefined },
      "flow is missing or unknown. Set it to 'server-to-server', 'web-app' or 'static'.",
    ],
    [
      'clientId',
      { ...offline, clientId: undefined },
      "clientId is missing. Pass the client ID of the application's credential.",
    ],
    [
      'clientSecret',
      { ...offline, clientSecret: undefined },
      'clientSecret is missing, and ServerToServerAuth needs one',
    ],
    ['transport', { ...offline, transport: undefined }, 'transport is missing. Pass fetchTransport()'],
    ['token', { flow: 'static' }, 'token must be a token'],
    [
      'restore',
      { ...offline, restore: 'soon' },
      "restore is neither 'eager' nor 'lazy'. Set it to one of them, or leave it out.",
    ],
    ['http', { ...offline, http: 'fetch' }, 'http is not a function. Set it to one that creates a client'],
    ['onClosed', { ...offline, onClosed: true }, 'onClosed is not a function. Set it to one, or leave it out.'],
    ['users', { ...app, users: {} }, 'users has no method identify(request). Add it'],
    ['users of a sign-in', { ...app, signIn }, 'users is missing, and signIn must know who signs in.'],
    ['signIn of a service', { ...offline, signIn }, "signIn is for users, so it needs flow: 'web-app'."],
    ['redirectUri', { ...app, users, signIn: { path: 'sign-in' } }, 'redirectUri must end with /sign-in/callback'],
    ...['https://evil.example/', '//evil.example', 'sorry'].map((onFailure): [string, object, string] => [
      `signIn.onFailure: ${onFailure}`,
      { ...app, users, signIn: { ...signIn, onFailure } },
      'signIn.onFailure must be a path of this application, such as /sorry.',
    ]),
    ...[
      ['afterSignIn', 'javascript:alert(1)'],
      ['afterSignIn', 'http://app.example/reviews'],
      ['afterSignOut', 'http://127.0.0.1.evil.example/'],
    ].map(([name = '', place]): [string, object, string] => [
      `signIn.${name}: ${place}`,
      { ...app, users, signIn: { ...signIn, [name]: place } },
      `signIn.${name} must be a path of this application, such as /reviews, or an address that begins with https.`,
    ]),
    ['users.admit', { ...app, users: { ...users, admit: true } }, 'users.admit must be a function'],
  ];

  test.each(wrong)('%s', async (_name, options, message) => {
    const imports = [
      FrameioAuthModule.forRootAsync({ ...options, useFactory: () => options as FrameioAuthModuleOptions }),
    ];
    await expect(compile({ imports })).rejects.toThrow(`FrameioAuthModule, connection "default": ${message}`);
  });

  test('what a factory forgot to return', async () => {
    const imports = [
      FrameioAuthModule.forRootAsync({ useFactory: () => undefined as unknown as FrameioAuthModuleOptions }),
    ];
    await expect(compile({ imports })).rejects.toThrow(/the options are missing. Pass them to forRoot\(\)/);
  });

  test.each([
    ['name', { name: '' }, 'name must be a string and not empty.'],
    ['signIn.path', { signIn: { path: 'auth/:user' } }, 'signIn.path must be a plain path.'],
  ])('%s, when the module is imported', (_name, extras, message) => {
    expect(() => FrameioAuthModule.forRoot({ ...offline, ...extras })).toThrow(message);
  });

  test('options that would be made anew for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}
    @Module({ providers: [Tenant], exports: [Tenant] })
    class TenantModule {}
    const imported = FrameioAuthModule.forRootAsync({
      imports: [TenantModule],
      inject: [Tenant],
      useFactory: () => offline,
    });
    const { module } = await compile({ imports: [imported] });
    await expect(module.init()).rejects.toThrow(
      'FrameioAuthModule, connection "default": its options depend on a provider that is made for each request.',
    );
  });

  test('two sign-ins at one path', async () => {
    const options = { ...app, users, signIn } as const;
    const imports = [FrameioAuthModule.forRoot(options), FrameioAuthModule.forRoot({ ...options, name: 'archive' })];
    await expect(compile({ imports })).rejects.toThrow(/signIn.path is also that of connection "\w+"/);
  });

  test('a client secret that the server refuses, when sessions are restored eagerly', async () => {
    const server = await serverForTest();
    const { module } = await compile({
      imports: [FrameioAuthModule.forRoot(service(server, { clientSecret: 'wrong.fictional' }))],
    });
    await expect(module.init()).rejects.toThrow(/connection "default": .*Check clientId and clientSecret/);
  });
});

test('a test puts a token of its own in the place of the auth object', async () => {
  const module = await Test.createTestingModule({
    imports: [FrameioAuthModule.forRoot({ ...offline, server: adobeIms(), restore: 'eager' })],
    providers: [Reviews],
  })
    .overrideProvider(getFrameioAuthToken())
    .useValue(new StaticTokenAuth('token.fictional'))
    .compile();
  await module.init();
  expect(await module.get(Reviews).auth.getToken()).toBe('token.fictional');
  await module.close();
});
