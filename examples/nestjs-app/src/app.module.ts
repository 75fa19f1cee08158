import { FrameioAuthModule } from '@frameio-auth/nestjs';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { Module, UseFilters } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { AccountModule } from './account/account.module.js';
import { FRAMEIO_ACCOUNT, type FrameioAccount } from './account/frameio-account.js';
import { HealthModule } from './health/health.module.js';
import { HomeController } from './pages/home.controller.js';
import { PageExceptionFilter } from './pages/page-exception.filter.js';
import { ProfileModule } from './profile/profile.module.js';
import { type Settings, settingsOf } from './settings.js';
import { SessionStorage } from './storage/session-storage.js';
import { StorageModule } from './storage/storage.module.js';
import { BrowserUsers } from './users/browser-users.js';
import { SIGN_IN } from './users/sign-in.js';
import { UsersModule } from './users/users.module.js';

// Awaited, so that an invalid setting is reported before anything else is created.
const configuration = await ConfigModule.forRoot({ isGlobal: true, cache: true, validate: settingsOf });

@Module({
  imports: [
    configuration,
    FrameioAuthModule.forRootAsync({
      imports: [AccountModule, StorageModule, UsersModule],
      inject: [ConfigService, FRAMEIO_ACCOUNT, SessionStorage, BrowserUsers],
      useFactory: (
        config: ConfigService<Settings, true>,
        { clientId, clientSecret, server, api }: FrameioAccount,
        { tokens }: SessionStorage,
        users: BrowserUsers,
      ) => ({
        flow: 'web-app',
        clientId,
        clientSecret,
        server,
        redirectUri: `${config.get('PUBLIC_URL', { infer: true })}/${SIGN_IN}/callback`,
        transport: fetchTransport(),
        storage: tokens,
        users,
        http: (session) => authenticatedFetch(session, { allowedOrigins: [api] }),
      }),
      signIn: {
        path: SIGN_IN,
        afterSignIn: '/profile',
        redirect: true,
        decorators: [UseFilters(PageExceptionFilter), ApiExcludeController()],
      },
    }),
    ProfileModule,
    HealthModule,
  ],
  controllers: [HomeController],
  providers: [{ provide: APP_FILTER, useClass: PageExceptionFilter }],
})
export class AppModule {}
