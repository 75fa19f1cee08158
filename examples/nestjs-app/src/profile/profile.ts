import { ApiProperty } from '@nestjs/swagger';

export class Account {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ example: 'Studio Example' })
  readonly name!: string;
}

/** The user's profile at Frame.io. */
export class Profile {
  @ApiProperty({ example: 'Mara Editor' })
  readonly name!: string;

  @ApiProperty({ example: 'mara@studio.example' })
  readonly email!: string;

  @ApiProperty({ type: [Account] })
  readonly accounts!: readonly Account[];
}
