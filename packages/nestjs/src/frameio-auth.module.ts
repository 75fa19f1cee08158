import { ConfigurationError } from '@frameio-auth/core';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { Connection } from './connection.js';
import { ON_DEMAND } from './connection.module.js';
import type { FrameioAuthModuleOptions, FrameioTokenSource } from './connection-options.js';
import { type ASYNC_OPTIONS_TYPE, ConfigurableModuleClass } from './frameio-auth.module-definition.js';
import { unknownConnection } from './frameio-connections.service.js';
import {
  connectionToken,
  DEFAULT_CONNECTION,
  getFrameioHttpToken,
  getFrameioSessionToken,
} from './injection-tokens.js';

/**
 * Registers a connection to Frame.io's authorization server. `forRoot()` takes its options. `forRootAsync()` takes
 * `useFactory`, or `useClass` or `useExisting` with a class that creates the options. `name`, `isGlobal` and `signIn`
 * stand beside these, because they shape the module. Import it once per connection, in the application's root module.
 *
 * @throws ConfigurationError at startup, if an option is missing or invalid
 */
@Module({})
export class FrameioAuthModule extends ConfigurableModuleClass {
  /**
   * Registers sessions with fixed keys, such as one per tenant. Inject them with
   * `@InjectFrameioSession(key, connection)`, and their HTTP clients with `@InjectFrameioHttp(connection, key)`.
   *
   * @param connection - default: the connection without a name
   */
  static forFeature(keys: readonly string[], connection: string = DEFAULT_CONNECTION): DynamicModule {
    const inject = [{ token: connectionToken(connection), optional: true }];
    const sessionOf = (key: string) => (its: Connection | undefined) => {
      if (its === undefined) throw new ConfigurationError('invalid_option', unknownConnection(connection));
      return its.standingSession(key);
    };
    const providers = keys.flatMap((key): Provider[] => [
      { provide: getFrameioSessionToken(key, connection), useFactory: sessionOf(key), inject },
      {
        provide: getFrameioHttpToken(connection, key),
        useFactory: (its: Connection, session: FrameioTokenSource) => its.client(session),
        inject: [...inject, getFrameioSessionToken(key, connection)],
        scope: ON_DEMAND,
      },
    ]);
    return { module: FrameioAuthModule, providers, exports: providers };
  }
}

/** The options of `forRootAsync()`: one of `useFactory`, `useClass` and `useExisting`. */
export type FrameioAuthAsyncOptions = typeof ASYNC_OPTIONS_TYPE;

/** The interface of a class for `useClass` or `useExisting`. */
export interface FrameioAuthOptionsFactory {
  createFrameioAuthOptions(): FrameioAuthModuleOptions | Promise<FrameioAuthModuleOptions>;
}
