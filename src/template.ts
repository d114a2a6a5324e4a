import type { Json } from './json.ts'

/** The values that templates and conditions see. */
export type Scope = Readonly<Record<string, Json>>
