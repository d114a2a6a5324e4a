import { CrewError } from '../errors.ts'
import type { Clash, Merge } from '../exchange/workspaces.ts'
import { asJson, type Json } from '../json.ts'
import type { TeamContext } from './ask.ts'
import { pathOf } from './ask-for.ts'
import {
  type Conflict,
  type ConflictSettings,
  findContradictions,
  type Settlement,
  settle,
} from './conflicts.ts'
import type { Lane, Results } from './lanes.ts'

/**
 * Puts together what agents did side by side: results that contradict each other, and files that they changed in copies
 * of their own.
 */

/** Has the judge look for contradictions between the results, and settles each. Without a judge nothing is looked for. */
export async function settleResults(
  group: TeamContext,
  lanes: readonly Lane[],
  results: Results,
  settings: ConflictSettings | undefined,
): Promise<Results> {
  if (!settings?.judge) return results
  const outputs: Record<string, Json> = { ...results.outputs }
  const conflicts = await findContradictions(group, 'conflicts/judge', settings.judge, outputs)
  for (const [index, conflict] of conflicts.entries()) {
    const settlement = await settle(group, `conflicts/${index + 1}`, conflict, settings)
    await adopt(group, lanes, { outputs, conflict, settlement, round: index + 1 })
  }
  return { ...results, outputs }
}

/** Makes the outputs say what was settled: who lost has no result any more, or another one. */
async function adopt(
  group: TeamContext,
  lanes: readonly Lane[],
  {
    outputs,
    conflict,
    settlement,
    round,
  }: { outputs: Record<string, Json>; conflict: Conflict; settlement: Settlement; round: number },
): Promise<void> {
  const [first = '', ...others] = Object.keys(conflict.claims)
  if (settlement.how === 'rerun') {
    const done = { [settlement.first]: outputs[settlement.first] ?? null }
    for (const key of settlement.others) {
      outputs[key] = done[key] = await again(group, lanes, key, {
        step: `conflicts/${round}-again`,
        why: conflict.why,
        done,
      })
    }
    return
  }
  const losers =
    settlement.how === 'take' ? Object.keys(conflict.claims).filter(key => key !== settlement.from) : others
  if (settlement.how === 'merge') outputs[first] = settlement.value
  for (const key of losers) delete outputs[key]
}

/** Has a lane work once more, knowing what those before it gave. */
function again(
  group: TeamContext,
  lanes: readonly Lane[],
  key: string,
  { step, why, done }: { step: string; why: string; done: Readonly<Record<string, Json>> },
): Promise<Json> {
  const { agent = '', packet, ...request } = lanes.find(lane => lane.key === key) ?? {}
  const current = `Do it again, so that it goes together with what the others gave. It did not: ${why}`
  return group.ask(agent, {
    ...request,
    key: `${step}/${key}`,
    packet: { task: group.task, ...packet, knowledge: { ...packet?.knowledge, ...done }, current },
  })
}

/** Gives every lane a copy of the team's folder to work in. */
export async function openWorkspaces(group: TeamContext, lanes: readonly Lane[]): Promise<Lane[]> {
  const { workspaces } = group.exchange
  const names = lanes.map(({ key }) => key)
  const request = {
    kind: 'workspace',
    effects: 'idempotent',
    input: { copies: names },
    isLocal: true,
  } as const
  const folders = await group.ctx.step('workspace/open', request, () => workspaces.open(group.ctx.key, names))
  return lanes.map(lane => ({ ...lane, ...(folders[lane.key] && { root: folders[lane.key] }) }))
}

/** Brings home what the lanes changed in their copies. Throws `conflict` when the same lines differ and nothing settles it. */
export async function mergeWorkspaces(
  group: TeamContext,
  lanes: readonly Lane[],
  results: Results,
  settings: ConflictSettings | undefined,
): Promise<Results> {
  const { workspaces } = group.exchange
  const names = Object.keys(results.outputs)
  const compare = { kind: 'workspace', input: { compare: names } }
  const merge: Merge = await group.ctx.step('workspace/compare', compare, () =>
    workspaces.merge(group.ctx.key, names),
  )
  const taken: Record<string, string> = { ...merge.taken }
  const merged: Record<string, string> = { ...merge.merged }
  const reruns = new Map<string, Clash[]>()
  for (const [index, clash] of merge.clashes.entries()) {
    if (!settings) throw unsettled(group, clash)
    const claims = clash.versions
    const why = 'they changed the same lines, or one removed what the other changed'
    const settlement = await settle(
      group,
      `conflicts/file-${index + 1}`,
      { about: clash.path, why, claims },
      settings,
    )
    if (settlement.how === 'merge') merged[clash.path] = String(settlement.value)
    else taken[clash.path] = settlement.how === 'take' ? settlement.from : settlement.first
    if (settlement.how === 'rerun')
      for (const key of settlement.others) reruns.set(key, [...(reruns.get(key) ?? []), clash])
  }
  const values = asJson({ taken, merged: Object.keys(merged) })
  await group.ctx.step('workspace/apply', { kind: 'workspace', effects: 'idempotent', input: values }, () =>
    workspaces.apply(group.ctx.key, { taken, merged }),
  )
  const reason = `${Object.keys(taken).length} files taken as they are, ${Object.keys(merged).length} put together`
  group.ctx.emit({
    type: 'decision',
    key: pathOf(group, 'workspace/apply'),
    what: 'merge',
    reason,
    values: { taken, merged: Object.keys(merged) },
  })
  const outputs = await inSequence(group, lanes, results, reruns)
  await group.ctx.step('workspace/discard', { kind: 'workspace', effects: 'idempotent' }, () =>
    workspaces.close(group.ctx.key),
  )
  return { ...results, outputs }
}

/** Those whose changes were dropped work again, one after the other, in the team's own folder. */
async function inSequence(
  group: TeamContext,
  lanes: readonly Lane[],
  { outputs }: Results,
  reruns: ReadonlyMap<string, readonly Clash[]>,
): Promise<Record<string, Json>> {
  const now: Record<string, Json> = { ...outputs }
  for (const [key, clashes] of reruns) {
    const why = `others changed ${clashes.map(({ path }) => path).join(', ')} at the same time, and their changes are there now`
    const { [key]: _, ...done } = now
    now[key] = await again(group, lanes, key, { step: 'conflicts/files-again', why, done })
  }
  return now
}

function unsettled({ ctx }: TeamContext, { path, versions }: Clash): CrewError {
  const who = Object.keys(versions)
  return new CrewError(
    'conflict',
    `${who.join(' and ')} changed ${path} in ways that do not go together (in ${ctx.key})`,
    {
      hint: 'say what is to happen: conflicts: { resolve: rerun } in the pattern, or priority, merge, escalate',
    },
  )
}
