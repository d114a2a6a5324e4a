import { z } from 'zod'
import * as parallel from './parallel.ts'
import * as pipeline from './pipeline.ts'

export const pattern = z.discriminatedUnion('kind', [pipeline.schema, parallel.schema])
export type PatternSpec = z.infer<typeof pattern>
