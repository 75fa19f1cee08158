import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { accountOf, FRAMEIO_ACCOUNT } from './frameio-account.js';

@Module({
  providers: [{ provide: FRAMEIO_ACCOUNT, useFactory: accountOf, inject: [ConfigService] }],
  exports: [FRAMEIO_ACCOUNT],
})
export class AccountModule {}
