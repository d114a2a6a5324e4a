import { existsSync } from 'node:fs'
import { bytesInWords } from '../bytes.ts'
import type { Clock } from '../clock.ts'
import { examineStore, type StoreReport, type Trouble } from '../store/examine.ts'
import { absent, broken, type Finding, ok } from './finding.ts'

/** A log larger than this was not written back for long: somebody reads without end, or was killed. */
const LONG_LOG = 64 * 2 ** 20

/** How many runs are named one by one. */
const NAMED = 10

/** Looks through a store from its first page to its last event. `name` is how commands name it: ` --db FILE`, or nothing. */
export async function checkWholeStore(path: string, name: string, clock: Clock): Promise<Finding[]> {
  if (!existsSync(path)) return [absent('store', `${path} does not exist yet; the first run creates it`)]
  const report = await examineStore(path, clock)
  return [
    ...checkFile(path, name, report),
    ...checkPages(name, report),
    ...checkRuns(name, report),
    ...checkSpace(name, report),
  ]
}

function checkFile(path: string, name: string, { file, mode, log }: StoreReport): Finding[] {
  const others = mode & 0o077
  return [
    ok('store', `${path}, ${bytesInWords(file)}`),
    others === 0
      ? ok('permissions', 'nobody else may read it')
      : broken('permissions', `others may read or write it (mode ${mode.toString(8)})`, `chmod 600 ${path}`),
    log <= LONG_LOG
      ? ok('log', bytesInWords(log))
      : broken('log', `${bytesInWords(log)} wait to be written back`, `crew gc${name}`),
  ]
}

function checkPages(name: string, { damage }: StoreReport): Finding[] {
  const [first] = damage
  if (first === undefined) return [ok('integrity', 'every page and index is sound')]
  const isIndex = damage.every(says => /index/.test(says) && !/malformed|btree|page/i.test(says))
  const more = damage.length > 1 ? ` (and ${damage.length - 1} more)` : ''
  const fix = isIndex ? `crew doctor --repair${name}` : `crew doctor --salvage FILE${name}`
  return [broken('integrity', `${first}${more}`, fix)]
}

function checkRuns(name: string, { runs, events, unsound, unlike, orphans }: StoreReport): Finding[] {
  const list = (what: string, troubles: readonly Trouble[], fix: string) => [
    ...troubles.slice(0, NAMED).map(({ run, says }) => broken(what, `${run}: ${says}`, fix)),
    ...(troubles.length > NAMED ? [broken(what, `and ${troubles.length - NAMED} more`, fix)] : []),
  ]
  const gone = orphans.slice(0, NAMED).join(', ')
  return [
    ...(unsound.length === 0
      ? [ok('runs', `${runs}, with ${events} events, each in its place`)]
      : list('run', unsound, `crew doctor --salvage FILE${name}`)),
    ...(unlike.length === 0
      ? [ok('bills', 'rows and bills of all runs say what their events say')]
      : list('bill', unlike, `crew doctor --repair${name}`)),
    ...(orphans.length > 0
      ? [
          absent(
            'owners',
            `gone without a word: ${gone}${orphans.length > NAMED ? ' …' : ''}; crew resume goes on`,
          ),
        ]
      : []),
  ]
}

/** As much of a file may be free before that is worth a word. */
const MUCH_FREE = 0.25

function checkSpace(name: string, { tables, file, free, loose }: StoreReport): Finding[] {
  const largest = tables.slice(0, 5).map(({ name, bytes }) => `${name} ${bytesInWords(bytes)}`)
  const left = [
    ...(loose.payloads > 0 ? [`${loose.payloads} payloads that no event refers to`] : []),
    ...(loose.runs > 0 ? [`events of ${loose.runs} runs that were removed`] : []),
    ...(free > file * MUCH_FREE ? [`${bytesInWords(free)} of free pages`] : []),
  ]
  return [
    ok('tables', largest.join(', ')),
    left.length === 0
      ? ok('space', 'nothing in it is unused')
      : absent('space', `${left.join(', ')}; give it back with: crew gc${name}`),
  ]
}
