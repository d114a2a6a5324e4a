import { join, relative } from 'node:path'
import type { Services } from '../agents/agent.ts'
import { createCaller } from '../agents/call.ts'
import type { Clock } from '../clock.ts'
import { createCounter, createTeamContext } from '../coordination/ask.ts'
import { type Profile, profileOf, rosterOf } from '../coordination/profile.ts'
import { inTime } from '../deadlines.ts'
import { inWords } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { type Exchange, openExchange } from '../exchange/exchange.ts'
import { render } from '../expressions/template.ts'
import { createFetch } from '../fetch/fetch.ts'
import { homeFolder } from '../home.ts'
import { brief, type Json, type JsonObject } from '../json.ts'
import type { Model } from '../models/model.ts'
import { rehearseAnswer } from '../models/rehearsal.ts'
import { patternOf } from '../patterns/index.ts'
import type { Budgets } from '../policies/budget.ts'
import type { Flights } from '../policies/cache.ts'
import { openPlace, type Place } from '../policies/concurrency.ts'
import type { Gates, Patience } from '../policies/gate.ts'
import { repairsOf } from '../policies/repair.ts'
import type { Redactor } from '../redact.ts'
import { run } from '../spawn.ts'
import type { Store } from '../store/store.ts'
import type { RunView } from '../store/view.ts'
import { inputOfTeam } from '../team/given.ts'
import type { Nest } from '../team/load.ts'
import type { Asking } from '../tools/ask-person.ts'
import { rulesOf } from '../tools/declared.ts'
import { joined } from '../tools/permissions.ts'
import { type Environment, pick } from './environment.ts'
import type { Equipment, Equipments } from './equip.ts'
import type { Models } from './open-models.ts'
import { activeIn, allowedBefore, askedBefore, repairedBefore } from './recorded.ts'
import { openToolbox } from './toolbox.ts'

/** What all teams of a run have in common. */
export interface Setting {
  readonly id: string
  readonly store: Store
  readonly env: Environment
  readonly clock: Clock
  readonly rehearsal: boolean
  readonly untrusted: boolean
  readonly redact: Redactor
  readonly models: Models
  readonly equipments: Equipments
  /** Places of single agents. */
  readonly places: Map<string, Place>
  /** Work under way whose answers are kept. */
  readonly flights: Flights
  readonly budgets: Budgets
  readonly recorded: RunView
}

/** What a team is to do, and what it shares with the team around it. */
export interface TeamTask {
  /** The folder to work in. */
  readonly root: string
  readonly input: JsonObject
  /** The same in words. */
  readonly task: string
  /** Whose agents are counted. */
  readonly whose: string
  readonly queues: readonly Place[]
  readonly count: (key: string) => void
  /** Names of the accounts that pay for all that it does. */
  readonly accounts: readonly string[]
  /** How people are waited for, unless the team says so itself. */
  readonly patience: Patience
}

/** Has a team work by its pattern, in the step that `ctx` belongs to: the run itself, or an agent that is a team. */
export async function perform(team: Nest, work: TeamTask, setting: Setting, ctx: Context): Promise<Json> {
  const { definition, teams } = team
  const { root, input, task } = work
  const { id, store, env, clock, rehearsal, models, equipments, budgets, recorded } = setting
  const limits = { ...definition.limits, ...recorded.limits }
  const scope = { input, env: pick(env, definition.env ?? []), run: { id } }
  const exchange = openExchange(recorded, {
    team: ctx.key,
    root,
    copies: join(homeFolder('data'), 'work', id),
  })
  const queues = [openPlace('limits.concurrency', limits.concurrency, { isUsual: true }), ...work.queues]
  const countOwn = createCounter(limits.invocations, work.whose, askedBefore(recorded, ctx.key))
  const count = (key: string) => {
    work.count(key)
    countOwn(key)
  }
  const patience = { ...work.patience, ...definition.gates }
  const gates: Gates = { patience, rehearsal, spent: () => spentBy(store, id) }
  const equipment = equipments.get(team) as Equipment
  const asking = (agent: string): Asking => ({
    timeout: patience.timeout,
    ...(rehearsal && { invent: task => rehearseAnswer({ agent, task, seed: definition.name }) }),
  })
  const toolbox = await openToolbox(team, { ...setting, ...equipment, root, scope, asking, patience }, ctx)
  const services: Services = {
    clock,
    fetch: createFetch(clock),
    root,
    exchange,
    rehearsal,
    untrusted: setting.untrusted,
    gates,
    limits,
    model: name => models.get(team)?.get(name) as Model,
    connection: name => equipment.connections.get(name),
    permissions: joined(definition.permissions, definition.tools ? rulesOf(definition.tools) : {}),
    roots: equipment.roots,
    allowed: allowedBefore(recorded, ctx.key),
    tools: toolbox.tools,
    run: command => run(equipment.sandbox ? equipment.sandbox.wrap(command) : command, clock),
    rehearse: work => rehearseAnswer({ ...work, seed: definition.name }),
    async runTeam(asked, inner) {
      const nested = teams[asked.agent] as Nest
      const whose = `the team of ${asked.agent}`
      const given = inputOfTeam(asked, nested.definition)
      const place = join(asked.root, relative(team.root, nested.root))
      const { time } = { ...nested.definition.limits, ...recorded.limits }
      const own = budgets.forStep('team', inner.key, nested.definition.budget)
      const accounts = [...asked.accounts, ...own]
      // A step that ends with an error ends all that is in it.
      return inTime(
        clock,
        time - activeIn(recorded, inner.key),
        perform(nested, { ...given, root: place, whose, queues, count, accounts, patience }, setting, inner),
        () => tooLong(asked.agent, time),
      )
    },
  }
  const agents = profilesOf(team, models)
  const call = createCaller(definition.agents, services, {
    run: id,
    team: { root: team.root, name: definition.name },
    store,
    queues,
    places: setting.places,
    count,
    models: definition.models ?? {},
    flights: setting.flights,
    budgets,
    accounts: work.accounts,
    step: ctx.key,
    repairs: definition.repair && {
      ...definition.repair,
      roster: rosterOf(agents, Object.keys(agents)),
      allow: repairsOf(definition.repair.total, repairedBefore(recorded, ctx.key)),
    },
  })
  const { pattern } = definition
  const context = createTeamContext(ctx, { input, task, scope, agents, exchange, rehearsal, gates, call })
  try {
    const { output, steps } = await patternOf(pattern).run(context, pattern)
    tellOfUnread(exchange, ctx)
    return definition.output === undefined ? output : render(definition.output, { ...scope, steps })
  } finally {
    await toolbox.close()
  }
}

/** What the store knows to be spent in a run. */
async function spentBy(store: Store, id: string): Promise<{ usd: number; tokens: number }> {
  const { usd = 0, tokens = 0 } = (await store.run(id)) ?? {}
  return { usd, tokens }
}

/** What others may know of each agent of a team. */
function profilesOf(team: Nest, models: Models): Record<string, Profile> {
  const profiles = Object.entries(team.definition.agents).map(([name, spec]) => {
    const { description } = team.teams[name]?.definition ?? {}
    const model = spec.kind === undefined || spec.kind === 'llm' ? (spec.model ?? 'default') : ''
    const { room } = models.get(team)?.get(model) ?? {}
    return [name, profileOf(name, { ...(description && { description }), ...spec }, room)] as const
  })
  return Object.fromEntries(profiles)
}

/** Says at the end of a team who never read what was written to it. */
function tellOfUnread({ mailbox }: Exchange, ctx: Context): void {
  for (const { id, from, to = '', payload } of mailbox.unread) {
    const reason = `${to} never read what ${from} wrote to it: ${brief(payload)}`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'unread', reason, values: { id, from, to } })
  }
}

function tooLong(agent: string, time: number): CrewError {
  return new CrewError('timeout', `the team of ${agent} was not done after ${inWords(time)}`, {
    hint: 'raise limits.time in its file, or for all teams of the run: crew resume RUN --limit time=2h',
  })
}
