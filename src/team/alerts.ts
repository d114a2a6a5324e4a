import * as z from 'zod'
import { duration } from '../duration.ts'

const off = z.literal(false)
const factor = (usual: number, what: string) =>
  z
    .union([off, z.number().gt(1).max(1_000)])
    .default(usual)
    .describe(`${what}; false: nobody is told`)
const after = (usual: string, what: string) =>
  z.union([duration, off]).prefault(usual).describe(`${what}; false: nobody is told`)

const webhook = z.strictObject({
  webhook: z
    .string()
    .regex(/^(https?:\/\/|\$\{)/, 'an address starts with http:// or https://')
    .describe('Gets every alert as a POST of JSON; a template'),
  headers: z.record(z.string(), z.string()).optional().describe('Templates: "Bearer ${env.NAME}"'),
})
const command = z.strictObject({
  run: z.array(z.string()).min(1).describe('Program and arguments; reads every alert as JSON on stdin'),
})

export const alerts = z
  .strictObject({
    slow: factor(3, 'Times that an agent may take longer than its own median, and at least 10s'),
    stalled: after('30s', 'How long a call may give no sign of life'),
    failing: z
      .union([z.int().min(1).max(1_000), off])
      .default(3)
      .describe('How often in a row an agent may fail; false: nobody is told'),
    waiting: after('10m', 'How long a person may be waited for; always told when the run stops for it'),
    throughput: factor(2, 'Times that the later half of the steps may take longer than the first'),
    burn: factor(3, 'Times that the run may spend what is usual, or what its budget allows until then'),
    breaker: z.boolean().default(true).describe('When somebody is not called any more for a while'),
    failed: z.boolean().default(true).describe('When the run failed'),
    stopped: z.boolean().default(true).describe('When the run was interrupted'),
    to: z
      .array(z.union([webhook, command]))
      .optional()
      .describe('Who is told, besides the screen'),
  })
  .describe('What whoever runs this is told while it runs, and how')

export type AlertSettings = z.infer<typeof alerts>
export type Receiver = NonNullable<AlertSettings['to']>[number]
