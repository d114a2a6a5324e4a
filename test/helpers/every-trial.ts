import { existsSync } from 'node:fs'
import { pattern } from '../../src/patterns/index.ts'
import type { Trial, Trials } from '../specs/teams/members.ts'

export interface NamedTrial {
  readonly pattern: string
  readonly name: string
  readonly trial: Trial
}

/** The trials of a pattern; none for one that has no file of them. */
export async function trialsOf(kind: string): Promise<Trials> {
  const file = new URL(`../specs/teams/${kind}.ts`, import.meta.url)
  return existsSync(file) ? ((await import(file.href)) as { trials: Trials }).trials : {}
}

export const patternKinds: readonly string[] = pattern.options.map(option => option.unwrap().shape.kind.value)

/** All trials of all patterns that are registered. */
export async function everyTrial(): Promise<readonly NamedTrial[]> {
  const all = await Promise.all(patternKinds.map(async kind => [kind, await trialsOf(kind)] as const))
  return all.flatMap(([pattern, trials]) =>
    Object.entries(trials).map(([name, trial]) => ({ pattern, name, trial })),
  )
}
