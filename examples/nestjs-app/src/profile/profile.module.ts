import { Module } from '@nestjs/common';
import { AccountModule } from '../account/account.module.js';
import { ProfileController } from './profile.controller.js';
import { ProfileService } from './profile.service.js';

@Module({ imports: [AccountModule], controllers: [ProfileController], providers: [ProfileService] })
export class ProfileModule {}
