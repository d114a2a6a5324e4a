import * as z from 'zod'
import { duration } from '../../duration.ts'

const SEPARATOR = '__'

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name is letters, digits, - and _, and starts with a letter')
  .max(32)
  .refine(text => !text.includes(SEPARATOR), '"__" stands between the name of a server and that of its tool')

const server = z
  .strictObject({
    run: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Program and arguments of a server that talks over its standard input and output'),
    env: z
      .record(z.string(), z.string())
      .optional()
      .describe('Environment of the program, beside PATH, HOME, LANG and TMPDIR'),
    url: z.string().min(1).optional().describe('Address of a server that talks streamable HTTP'),
    headers: z.record(z.string(), z.string()).optional().describe('Sent with every request'),
    connection: z.string().optional().describe('Name of the connection that every request is signed for'),
    tools: z.array(z.string()).min(1).optional().describe('Only these tools of it, by its own names'),
    effects: z
      .record(z.string(), z.enum(['pure', 'idempotent', 'once']))
      .optional()
      .describe('What a repetition of its tools may do, by its own names; by default "once"'),
    timeout: duration
      .prefault('60s')
      .describe(
        'For its start and each call; every sign of progress gives it as long again, ten times at the most',
      ),
    patience: duration
      .prefault('10m')
      .describe('How long a person is waited for when it asks something in the middle of a call'),
  })
  .refine(({ run, url }) => (run === undefined) !== (url === undefined), {
    message: 'a server has either run (a program) or url (an address)',
  })
  .refine(({ run, headers, connection }) => run === undefined || !(headers || connection), {
    message: 'headers and connection belong to a server with url',
  })
  .refine(({ url, env }) => url === undefined || !env, { message: 'env belongs to a server with run' })

/** Servers of the Model Context Protocol, by name. */
export const mcp = z.record(name, server).describe('MCP servers, by name: their tools are SERVER__TOOL')

export type ServerSpec = z.infer<typeof server>

/** The name of a tool of a server, for models, permissions and team files. */
export function fullName(server: string, tool: string): string {
  return `${server}${SEPARATOR}${tool.replace(/[^A-Za-z0-9_-]/g, '_')}`
}

/** Name of the server that `name` leads to: all tools of it, or one. */
export function serverOf(name: string): string {
  return name.split(SEPARATOR, 1)[0] ?? ''
}
