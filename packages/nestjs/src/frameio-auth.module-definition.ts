import { ConfigurableModuleBuilder } from '@nestjs/common';
import { connectionModule, type FrameioAuthModuleExtras } from './connection.module.js';
import type { FrameioAuthModuleOptions } from './connection-options.js';
import { CONNECTION_OPTIONS, DEFAULT_CONNECTION } from './injection-tokens.js';

/** Provides `forRoot()` and `forRootAsync()`. */
export const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<FrameioAuthModuleOptions>({
  optionsInjectionToken: CONNECTION_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createFrameioAuthOptions')
  .setExtras<FrameioAuthModuleExtras>(
    { name: DEFAULT_CONNECTION, isGlobal: false, signIn: undefined },
    connectionModule,
  )
  .build();
