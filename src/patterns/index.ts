import { z } from 'zod'
import { parallel } from './parallel.ts'
import type { Pattern } from './pattern.ts'
import { pipeline } from './pipeline.ts'

/** Every pattern that there is. */
const PATTERNS = { pipeline, parallel }

export const pattern = z.discriminatedUnion('kind', [pipeline.schema, parallel.schema])

export type PatternSpec = z.infer<typeof pattern>

export function patternOf(spec: PatternSpec): Pattern<PatternSpec> {
  // A spec is of the kind that it names: the schema above has seen to that.
  return PATTERNS[spec.kind] as Pattern<PatternSpec>
}
