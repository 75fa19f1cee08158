import { type DynamicModule, Module, type Provider, Scope } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Connection } from './connection.js';
import { ConnectionEvents } from './connection-events.js';
import { authOf, complaint, type FrameioAuth, type FrameioAuthModuleOptions } from './connection-options.js';
import { FrameioAuthHealthIndicator } from './frameio-auth.health.js';
import { FrameioConnections } from './frameio-connections.service.js';
import {
  CONNECTION_OPTIONS,
  connectionToken,
  DEFAULT_CONNECTION,
  getFrameioAuthToken,
  getFrameioHttpToken,
} from './injection-tokens.js';
import { RequestSessions } from './request-sessions.service.js';
import { signInController } from './sign-in/sign-in.controller.js';
import { type SignInOptions, SignInRoutes } from './sign-in/sign-in-routes.js';

/** The options that shape the module itself. With `forRootAsync()` they stand beside the factory, not in its result. */
export interface FrameioAuthModuleExtras {
  /** The name of the connection, for applications with several. Default: `'default'`. */
  readonly name?: string;
  /** Whether modules that do not import this one can also inject its providers. Default: `false`. */
  readonly isGlobal?: boolean;
  /** Adds a built-in sign-in for users, with routes for login, callback and logout. Default: none. */
  readonly signIn?: SignInOptions | undefined;
}

/** The providers that the guard, the decorators and the health indicator need. */
const SHARED: Provider[] = [FrameioConnections, RequestSessions, FrameioAuthHealthIndicator];

/** Exists once per application, however many connections there are. */
@Module({ providers: SHARED, exports: SHARED })
class FrameioSharedModule {}

/**
 * Exists once per connection, and is never global. Nest shuts global modules down last, but this one must close before
 * the modules that its options come from, such as the one that closes Redis.
 */
@Module({})
class FrameioConnectionModule {}

/** Lets guards, decorators and `forFeature()` in every module find the connection. */
@Module({})
class FrameioDirectoryModule {}

/** Refuses request-scoped options: Nest would create a connection for each request and close none of them. */
class LifetimeCheck {
  readonly #name: string;
  readonly #modules: ModuleRef;

  constructor(name: string, modules: ModuleRef) {
    this.#name = name;
    this.#modules = modules;
  }

  onModuleInit(): void {
    if (this.#modules.introspect(CONNECTION_OPTIONS).scope === Scope.DEFAULT) return;
    throw complaint(
      this.#name,
      'its options depend on a provider that is made for each request. Inject only what lives as long as the application.',
    );
  }
}

/**
 * Combines the modules of a connection into one.
 *
 * @param definition - provides the connection's options
 */
export function connectionModule(
  definition: DynamicModule,
  { name = DEFAULT_CONNECTION, isGlobal = false, signIn }: FrameioAuthModuleExtras,
): DynamicModule {
  if (typeof name !== 'string' || name === '') {
    throw complaint(String(name), 'name must be a string and not empty. Leave it out if there is one connection.');
  }
  const connection: DynamicModule = {
    module: FrameioConnectionModule,
    imports: [FrameioSharedModule, ...(definition.imports ?? [])],
    providers: [...(definition.providers ?? []), ...connectionProviders(name, signIn)],
    exports: [connectionToken(name)],
  };
  const directory: DynamicModule = {
    module: FrameioDirectoryModule,
    global: true,
    imports: [FrameioSharedModule, connection],
    exports: [FrameioSharedModule, connection],
  };
  const injectable: Provider[] = [
    {
      provide: getFrameioAuthToken(name),
      useFactory: ({ auth }: Connection) => auth,
      inject: [connectionToken(name)],
    },
    {
      provide: getFrameioHttpToken(name),
      useFactory: (its: Connection) => its.injectedClient,
      inject: [connectionToken(name)],
      scope: ON_DEMAND,
    },
  ];
  return {
    module: definition.module,
    global: isGlobal,
    imports: [connection, directory],
    providers: injectable,
    exports: injectable,
    controllers: signIn === undefined ? [] : [signInController(name, signIn)],
  };
}

/**
 * Nest creates providers of this scope only when they are injected. So a missing `http` is reported at startup, and
 * only if a client is injected. All injections get the same client.
 */
export const ON_DEMAND = Scope.TRANSIENT;

function connectionProviders(name: string, signIn: SignInOptions | undefined): Provider[] {
  return [
    {
      provide: LifetimeCheck,
      useFactory: (modules: ModuleRef) => new LifetimeCheck(name, modules),
      inject: [ModuleRef],
    },
    {
      provide: ConnectionEvents,
      useFactory: (modules: ModuleRef) => new ConnectionEvents(name, modules),
      inject: [ModuleRef],
    },
    {
      provide: getFrameioAuthToken(name),
      useFactory: (options: FrameioAuthModuleOptions, events: ConnectionEvents) => authOf(name, options, events),
      inject: [CONNECTION_OPTIONS, ConnectionEvents],
    },
    {
      provide: connectionToken(name),
      useFactory: (
        options: FrameioAuthModuleOptions,
        auth: FrameioAuth,
        events: ConnectionEvents,
        connections: FrameioConnections,
      ) => {
        const routes = signIn && new SignInRoutes(name, options, signIn);
        const connection = new Connection({ name, auth, events, options, routes });
        connections.add(connection);
        return connection;
      },
      inject: [CONNECTION_OPTIONS, getFrameioAuthToken(name), ConnectionEvents, FrameioConnections],
    },
  ];
}
