import { FrameioAuthHealthIndicator } from '@frameio-auth/nestjs';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';

@Controller('health')
@ApiTags('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly frameio: FrameioAuthHealthIndicator,
  ) {}

  /** `ok`, or `degraded` while Adobe does not refresh tokens: 200. If the storage does not respond: 503. */
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.frameio.check('frameio')]);
  }
}
