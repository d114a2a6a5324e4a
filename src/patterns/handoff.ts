import * as z from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import { pathOf } from '../coordination/ask-for.ts'
import { rosterOf } from '../coordination/profile.ts'
import { quoted } from '../coordination/sameness.ts'
import { CrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import { type Handover, packetAfter, readHandover, repetitionIn } from './handoff/handover.ts'
import type { Node, Pattern } from './pattern.ts'

const schema = z
  .strictObject({
    kind: z.literal('handoff'),
    start: z.string().describe('The agent that begins'),
    handoffs: z
      .record(z.string(), z.array(z.string()))
      .describe('To whom each agent may pass control; one that is not named here may not'),
    hops: z.int().min(1).optional().describe('How often control may pass; 10 by default'),
  })
  .superRefine(({ start, handoffs }, context) => {
    for (const [from, targets] of Object.entries(handoffs)) {
      const problem = (message: string, ...path: (string | number)[]) =>
        context.addIssue({ code: 'custom', path: ['handoffs', from, ...path], message })
      if (targets.includes(from)) problem('an agent cannot pass control to itself', targets.indexOf(from))
      if (!receiversFrom(start, handoffs).has(from)) problem(`control never passes to "${from}"`)
    }
  })

type Spec = z.infer<typeof schema>

const HOPS = 10

/** One agent at a time: it ends the work, or passes control to another who knows more, with all that it needs. */
export const handoff = {
  kind: 'handoff',
  schema,
  run: (team, spec) => team.group('handoff', group => passAround(group, spec)),

  graph({ start, handoffs }) {
    const givers = (name: string) => Object.keys(handoffs).filter(from => handoffs[from]?.includes(name))
    const pathTo = (name: string) => {
      const [from = ''] = givers(name)
      return ['handoffs', from, targetsOf(handoffs, from).indexOf(name)]
    }
    const nodes = [...receiversFrom(start, handoffs)].map((name): Node => {
      const node = { step: name, agent: name, after: givers(name) }
      return name === start ? { ...node, path: ['start'] } : { ...node, path: pathTo(name), optional: true }
    })
    return { nodes }
  },
} satisfies Pattern<Spec>

async function passAround(team: TeamContext, { start, handoffs, hops = HOPS }: Spec) {
  const { ctx, exchange } = team
  const steps: Steps = {}
  const handovers: Handover[] = []
  // Whoever resumes a run that ended at this limit allows as many again.
  const allowed = hops * (1 + ctx.reopened)
  for (let active = start; ; ) {
    const hop = `hop-${handovers.length + 1}/${active}`
    const targets = targetsOf(handoffs, active)
    const packet = packetAfter(team.task, handovers)
    const output = await team.ask(active, {
      key: hop,
      packet,
      scope: { ...team.scope, steps: { ...steps } },
      ...(targets.length > 0 && {
        grants: { handOff: [...new Set(targets)] },
        instruction: invitation(team, targets),
      }),
    })
    steps[active] = { output }
    const sent = exchange.mailbox.sentIn(pathOf(team, hop))
    const message = sent.findLast(({ type, to = '' }) => type === 'handoff' && targets.includes(to))
    if (!message) return { output, steps }

    const handover = readHandover(message, active, output, handovers)
    handovers.push(handover)
    note(team, hop, handovers, handover)
    const repetition = repetitionIn(handovers)
    if (repetition !== undefined) throw inCircles(handovers, repetition)
    if (handovers.length > allowed) throw hopsUsedUp(handovers, allowed)
    await receive(team, `handover-${handovers.length}`, handover)
    active = handover.to
  }
}

function invitation({ agents }: TeamContext, targets: readonly string[]): string {
  return `When what is left to do is for one of these rather than for you, pass control to it, with all that it needs to know:
${rosterOf(agents, targets)}
Otherwise do it yourself: your answer is the result.`
}

/** The receiver says what it got. It counts as received once nothing that it needs is missing any more. */
async function receive(team: TeamContext, key: string, { to, message, missing }: Handover): Promise<Json> {
  const { mailbox } = team.exchange
  return team.ctx.step(key, { kind: 'mailbox' }, async inner => {
    mailbox.deliver(inner, { id: message }, to)
    if (missing.length > 0) mailbox.acknowledge(inner, message, to, missing)
    mailbox.acknowledge(inner, message, to)
    return null
  })
}

function note(team: TeamContext, hop: string, handovers: readonly Handover[], handover: Handover): void {
  const { from, to, task, missing, isNews } = handover
  const values = { from, to, path: pathThrough(handovers), news: isNews, missing }
  const completed = missing.length > 0 ? `; its output stands in for ${missing.join(' and ')}` : ''
  const reason = `${from} passes control to ${to}: ${quoted(task)}${completed}`
  team.ctx.emit({ type: 'decision', key: pathOf(team, hop), what: 'handoff', reason, values })
}

function inCircles(handovers: readonly Handover[], repetition: string): CrewError {
  const { from = '', to = '' } = handovers.at(-1) ?? {}
  return new CrewError(
    'limit-loop',
    `control goes in circles: ${from} passes it to ${to} again, ${repetition}: ${story(handovers)}`,
    {
      hint: `have ${to} end the work: let its role say what it answers itself, or take ${from} out of handoffs`,
    },
  )
}

function hopsUsedUp(handovers: readonly Handover[], allowed: number): CrewError {
  const { from = '', to = '' } = handovers.at(-1) ?? {}
  return new CrewError(
    'limit-rounds',
    `control passed as often as it may (${allowed}), and ${from} passes it on to ${to}: ${story(handovers)}`,
    { hint: 'allow as many again: crew resume RUN, or give the pattern more hops' },
  )
}

/** Who had control, and for what each passed it on. */
function story(handovers: readonly Handover[]): string {
  const asked = handovers.map(({ to, task }) => `${to} (${quoted(task)})`)
  return [handovers[0]?.from, ...asked].join(' → ')
}

function pathThrough(handovers: readonly Handover[]): string[] {
  return [handovers[0]?.from ?? '', ...handovers.map(({ to }) => to)]
}

/** The first agent and all to whom control can come from it. */
function receiversFrom(start: string, handoffs: Spec['handoffs']): Set<string> {
  const reached = new Set([start])
  for (const name of reached) for (const target of targetsOf(handoffs, name)) reached.add(target)
  return reached
}

function targetsOf(handoffs: Spec['handoffs'], name: string): readonly string[] {
  return Object.hasOwn(handoffs, name) ? (handoffs[name] ?? []) : []
}
