import { z } from 'zod'
import { withDefaults } from '../deadlines.ts'
import type { Context } from '../engine/context.ts'
import { renderText } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { Rejection } from '../policies/policy.ts'
import { run } from '../spawn.ts'
import { type AgentKind, askedOf, effects, imposedOutput, shared, template, type Work } from './agent.ts'

const schema = z.strictObject({
  kind: z.literal('command'),
  ...shared,
  run: z.array(template).min(1).describe('Program and arguments; no shell reads them'),
  stdin: z
    .enum(['text', 'json', 'none'])
    .optional()
    .describe('What the command reads: the task as text (default), {task, input, feedback} as JSON, nothing'),
  env: z
    .record(z.string(), template)
    .optional()
    .describe('Environment of the command, beside PATH, HOME, LANG and TMPDIR'),
  effects: effects.optional().describe('Default: once'),
})

export type CommandSpec = z.infer<typeof schema>

/** A program: the task goes in, the answer comes out. */
export const command = {
  kind: 'command',
  schema,
  perform,
  mayRepeat: ({ effects = 'once' }) => effects !== 'once',
} satisfies AgentKind<CommandSpec>

const TEN_MINUTES = 600_000

async function perform(work: Work<CommandSpec>, ctx: Context): Promise<Json> {
  const { agent, scope, spec, services, output, idempotencyKey } = work
  const { effects = 'once' } = spec
  if (services.rehearsal && effects !== 'pure') {
    return services.rehearse({ agent, task: askedOf(work), ...(output && { output }) })
  }
  const argv = spec.run.map(part => renderText(part, scope))
  const stdin = inputOf(work)

  const request = { kind: 'command', effects, input: { argv }, identity: stdin ?? null }
  return ctx.step('run', request, async step => {
    const declared = Object.entries(spec.env ?? {}).map(([name, value]) => [name, renderText(value, scope)])
    const written = await run(
      {
        argv,
        cwd: work.root,
        env: { ...Object.fromEntries(declared), CREW_IDEMPOTENCY_KEY: idempotencyKey },
        stdin,
        deadlines: withDefaults(spec.timeout, { total: TEN_MINUTES }),
        signal: step.signal,
      },
      services.clock,
    )
    return written.stdout.trim()
  })
}

function inputOf(work: Work<CommandSpec>): string | undefined {
  const { spec, scope, rejections } = work
  const task = askedOf(work)
  const output = imposedOutput(work)
  switch (spec.stdin ?? 'text') {
    case 'none':
      return undefined
    case 'json':
      return JSON.stringify({
        task,
        input: scope.input ?? {},
        feedback: rejections,
        ...(output && { output }),
      })
    case 'text': {
      const format = output && `Answer with JSON that satisfies this schema:\n${JSON.stringify(output)}`
      return [task, ...(format ? [format] : []), ...rejections.map(inWords)].join('\n\n')
    }
  }
}

function inWords({ answer, problem }: Rejection): string {
  return `An earlier answer to this was not accepted.\nThe problem: ${problem}\nThe answer was:\n${answer}`
}
