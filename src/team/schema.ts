import * as z from 'zod'
import { template } from '../agents/agent.ts'
import { agent, defaults } from '../agents/index.ts'
import { duration } from '../duration.ts'
import { connections } from '../fetch/connections.ts'
import { later } from '../kinds.ts'
import { endpoint } from '../models/endpoint.ts'
import { pattern } from '../patterns/index.ts'
import { teamBudget } from '../policies/budget.ts'
import { gates } from '../policies/gate.ts'
import { repair } from '../policies/repair.ts'
import { sandbox } from '../sandbox.ts'
import { toolSpecs } from '../tools/declared.ts'
import { mcp } from '../tools/mcp/spec.ts'
import { permissions } from '../tools/permissions.ts'
import { alerts } from './alerts.ts'

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name is letters, digits, - and _, and starts with a letter')

const inputField = z.strictObject({
  type: z.enum(['string', 'integer', 'number', 'boolean', 'array', 'object']),
  description: z.string().optional(),
  default: z.json().optional().describe('Taken when nothing is given; without one the input is required'),
  enum: z.array(z.json()).min(1).optional().describe('The values that are allowed'),
})

const limits = z
  .strictObject({
    concurrency: z.int().min(1).max(10_000).default(8).describe('Agents at work at once'),
    turns: z.int().min(1).default(30).describe('Model calls in one invocation'),
    invocations: z.int().min(1).default(200).describe('Invocations in the whole run'),
    depth: z
      .int()
      .min(1)
      .max(20)
      .default(4)
      .describe('Teams inside of teams, and agents that ask each other in a chain'),
    stagnation: z
      .int()
      .min(1)
      .default(200_000)
      .describe('Tokens that an agent may take in turns in which it does nothing new'),
    time: duration
      .prefault('1h')
      .describe('Working time of the whole run; time spent waiting for people does not count'),
  })
  .describe('What stops a run that does not stop by itself')

export const schema = z
  .strictObject({
    $schema: z.string().optional(),
    name,
    description: z.string().optional(),
    env: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is letters, digits and _, and starts with no digit'),
      )
      .optional()
      .describe(
        'Environment variables that templates may use as env.NAME; their values never reach the journal',
      ),
    input: z
      .record(name, inputField)
      .optional()
      .describe('What the team is given; without it TASK or stdin fills input.task'),
    models: z
      .record(name, endpoint)
      .optional()
      .describe('Models by name; agents that name none use "default"'),
    connections: later(() => connections).optional(),
    defaults: defaults.optional(),
    agents: z.record(name, agent).describe('The members of the team, by name'),
    tools: later(() => toolSpecs).optional(),
    mcp: mcp.optional(),
    sandbox: later(() => sandbox).optional(),
    pattern,
    repair: repair.optional(),
    limits: limits.prefault({}),
    budget: teamBudget.optional(),
    alerts: alerts.prefault({}),
    permissions: permissions.optional(),
    gates: gates.optional(),
    output: template.optional().describe('What the run ends with; by default what the pattern ends with'),
  })
  .describe('A team of AI agents, run by crew')

export type Definition = z.infer<typeof schema>
