import { Module } from '@nestjs/common';
import { BrowserUsers } from './browser-users.js';

@Module({ providers: [BrowserUsers], exports: [BrowserUsers] })
export class UsersModule {}
