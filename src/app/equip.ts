import { existsSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { type Connection, type Connections, openConnections } from '../fetch/connections.ts'
import { createFetch, type Fetch } from '../fetch/fetch.ts'
import { createGuard, guardedFetch } from '../fetch/guard.ts'
import { openSandbox, type Sandbox } from '../sandbox.ts'
import { everyOne, type Nest } from '../team/load.ts'
import { openRoots } from '../tools/roots.ts'
import type { Root } from '../tools/tool.ts'
import type { Environment } from './environment.ts'

/** What the tools of one team work with. */
export interface Equipment {
  readonly roots: readonly Root[]
  /** For what is done for a model: keeps away from hosts that are neither public nor declared. */
  readonly fetch: Fetch
  readonly connections: Connections
  readonly sandbox: Sandbox | undefined
}

export type Equipments = ReadonlyMap<Nest, Equipment>

interface Surroundings {
  readonly env: Environment
  readonly clock: Clock
  readonly rehearsal: boolean
  /** Nobody trusts the team: it gets nothing but its own folder. */
  readonly untrusted: boolean
  readonly onSecret: (name: string, value: string) => void
  /** Nothing will be done with it: what only acts need may be missing, and no secret is read. */
  readonly idle?: boolean
}

/**
 * Gets ready what the tools of a team and of all teams inside of it need: what is missing is missed before the run
 * begins. Rejects with `definition`, `key-missing` or `sandbox-missing`.
 */
export async function equip(team: Nest, surroundings: Surroundings): Promise<Equipments> {
  const all = everyOne(team).map(async nest => [nest, await equipOne(nest, surroundings)] as const)
  return new Map(await Promise.all(all))
}

async function equipOne(
  nest: Nest,
  { env, clock, rehearsal, untrusted, onSecret, idle = false }: Surroundings,
): Promise<Equipment> {
  const { definition, root } = nest
  const { permissions = {} } = definition
  if (!idle && !existsSync(root)) {
    throw new CrewError('definition', `the folder of the team is gone: ${root}`, {
      hint: 'put it back, or go on with a team file elsewhere: crew fork RUN --team FILE',
    })
  }
  const guard = createGuard(permissions.hosts)
  const plain = createFetch(clock)
  const means = { env, root, fetch: plain, guard, clock, onSecret, rehearsal: rehearsal || idle }
  const [roots, connections, sandbox] = await Promise.all([
    idle ? [] : openRoots(untrusted ? [] : (permissions.roots ?? []), root),
    definition.connections ? openConnections(definition.connections, means) : new Map<string, Connection>(),
    definition.sandbox && !untrusted && !idle && runsPrograms(nest, rehearsal)
      ? openSandbox(definition.sandbox, { clock, root })
      : undefined,
  ])
  return { roots, fetch: guardedFetch(plain, guard, clock), connections, sandbox }
}

/** A rehearsal runs no programs but those that do nothing else. */
function runsPrograms({ definition }: Nest, rehearsal: boolean): boolean {
  if (!rehearsal) return true
  return Object.values(definition.agents).some(
    ({ kind, ...agent }) => kind === 'command' && 'effects' in agent && agent.effects === 'pure',
  )
}
