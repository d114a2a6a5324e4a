import * as z from 'zod'
import { withDefaults } from '../deadlines.ts'
import { signsOfLife } from '../engine/activity.ts'
import type { Context, StepRequest } from '../engine/context.ts'
import { renderText } from '../expressions/template.ts'
import type { Json, JsonObject } from '../json.ts'
import {
  type AgentKind,
  acting,
  askedOf,
  effects,
  feedbackOf,
  imposedOutput,
  template,
  toldInWords,
  type Work,
} from './agent.ts'
import { dialogue, exchange } from './dialogue.ts'

const schema = z.strictObject({
  kind: z.literal('command'),
  run: z.array(template).min(1).describe('Program and arguments; no shell reads them'),
  stdin: z
    .enum(['text', 'json', 'none'])
    .optional()
    .describe('What the command reads: the task as text (default), {task, input, feedback} as JSON, nothing'),
  env: z
    .record(z.string(), template)
    .optional()
    .describe('Environment of the command, beside PATH, HOME, LANG and TMPDIR'),
  exchange,
  effects: effects.optional().describe('Default: once'),
  ...acting,
})

export type CommandSpec = z.infer<typeof schema>

/** A program: the task goes in, the answer comes out. */
export const command = {
  kind: 'command',
  schema,
  perform,
  mayRepeat: ({ effects = 'once' }) => effects !== 'once',
  isCacheable: ({ effects, exchange }) => effects === 'pure' && !exchange,
} satisfies AgentKind<CommandSpec>

const deadlinesOf = ({ timeout }: CommandSpec) => withDefaults(timeout, { total: 600_000 })

async function perform(work: Work<CommandSpec>, ctx: Context): Promise<Json> {
  const { agent, scope, spec, services, output } = work
  const { effects = 'once' } = spec
  if (services.rehearsal && (effects !== 'pure' || services.untrusted)) {
    return services.rehearse({ agent, task: askedOf(work), ...(output && { output }) })
  }
  const argv = spec.run.map(part => renderText(part, scope))
  return dialogue(work, ctx, situation => {
    const stdin = inputOf(work, situation)
    const asked = { input: { argv }, identity: stdin ?? null }
    const within: StepRequest['within'] = (act, step) => work.guard(act, step, deadlinesOf(spec))
    const request = { kind: 'command', effects, ...asked, within }
    return ctx.step('run', request, step => execute(work, argv, stdin, step))
  })
}

async function execute(
  { spec, scope, root, services, idempotencyKey }: Work<CommandSpec>,
  argv: readonly string[],
  stdin: string | undefined,
  ctx: Context,
): Promise<string> {
  const declared = Object.entries(spec.env ?? {}).map(([name, value]) => [name, renderText(value, scope)])
  const { stdout } = await services.run({
    argv,
    cwd: root,
    env: { ...Object.fromEntries(declared), CREW_IDEMPOTENCY_KEY: idempotencyKey },
    stdin,
    deadlines: deadlinesOf(spec),
    signal: ctx.signal,
    onOutput: signsOfLife(ctx, services.clock),
  })
  return stdout.trim()
}

function inputOf(work: Work<CommandSpec>, situation: JsonObject): string | undefined {
  const { spec, scope } = work
  const output = imposedOutput(work)
  switch (spec.exchange ? 'json' : (spec.stdin ?? 'text')) {
    case 'none':
      return undefined
    case 'json':
      return JSON.stringify({
        task: askedOf(work),
        input: scope.input ?? {},
        feedback: feedbackOf(work),
        ...(output && { output }),
        ...situation,
      })
    case 'text':
      return toldInWords(work, output)
  }
}
