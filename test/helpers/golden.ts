import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, FactOf } from '../../src/store/events.ts'

/** `npm run histories`: what is missing among the recorded runs is recorded. What is there is never written again. */
export const RECORDS = process.env.CREW_RECORD === '1'

export const HISTORIES = 'test/fixtures/histories'
export const STORES = 'test/fixtures/stores'

/** A run as it was once recorded: its id, then its events. */
export interface Golden {
  readonly id: string
  readonly events: readonly Event[]
}

/** Stands for the folder of the team: the one that was recorded in is gone. */
export const ROOT = '/folder/of/the/team'

/** The file of a run of the pattern `kind` that is called `name`. */
export function fileOf(kind: string, name: string): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return join(HISTORIES, `${kind}--${words.join('-').slice(0, 80)}.jsonl`)
}

export function keep(file: string, { id, events }: Golden): void {
  if (existsSync(file)) return
  const text = [{ id }, ...events].map(line => JSON.stringify(line)).join('\n')
  const { root } = (events[0] as FactOf<'run.started'>).definition
  writeFileSync(file, `${text.replaceAll(String(root), ROOT)}\n`)
}

export function readGolden(file: string): Golden {
  const [head = '{}', ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  return { id: JSON.parse(head).id, events: lines.map(line => JSON.parse(line)) }
}
